"""The schema's history: where it stands and which revision is its latest, told without loading Alembic."""

import ast
import re
from pathlib import Path
from typing import Final

DIRECTORY: Final = Path(__file__).parent
VERSION_TABLE: Final = "alembic_versions"
TURN_KEY: Final = 0x45766E53_4D696772
"""The advisory lock that whoever migrates a database holds for as long."""

_IDENTIFIER: Final = re.compile(r"^(revision|down_revision) = (.+)$", re.MULTILINE)


def latest_revisions(directory: Path = DIRECTORY) -> frozenset[str]:
    """The revisions that no other follows: one, unless two branches of the history were never merged."""
    known: set[str] = set()
    followed: set[str] = set()
    for path in (directory / "versions").glob("*.py"):
        for name, text in _IDENTIFIER.findall(path.read_text(encoding="utf-8")):
            value = ast.literal_eval(text)
            (known if name == "revision" else followed).update([value] if isinstance(value, str) else value or ())
    return frozenset(known - followed)
