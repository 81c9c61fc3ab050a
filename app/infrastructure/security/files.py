"""Secrets in files, which only their owner reads and nobody ever sees half."""

import os
from pathlib import Path
from secrets import token_hex


def write_once(path: Path, content: str) -> bool:
    """Make a file unless it is there; of parallel makers one wins. Tells whether it was this one."""
    if path.exists():
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = _draft(path, content)
    try:
        # unlike a rename, a link does not replace what another process has made meanwhile
        os.link(draft, path)
    except FileExistsError:
        return False
    finally:
        draft.unlink()
    return True


def replace(path: Path, content: str) -> None:
    """Put another content in place of a file, in one step and durably; owner and mode stay as they are."""
    status = path.stat()
    draft = _draft(path, content)
    draft.chmod(status.st_mode & 0o777)
    if os.geteuid() == 0:
        os.chown(draft, status.st_uid, status.st_gid)
    draft.replace(path)


def _draft(path: Path, content: str) -> Path:
    draft = path.with_name(f"{path.name}.{token_hex(8)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return draft
