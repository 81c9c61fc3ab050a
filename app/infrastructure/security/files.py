"""Secrets in files, made once and never half."""

import os
from pathlib import Path


def write_once(path: Path, content: str) -> None:
    """Make a file that only its owner reads, unless it is there; of parallel makers one wins, whole."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(content)
    try:
        # unlike a rename, a link does not replace what another process has made meanwhile
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
