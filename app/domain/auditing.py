"""What is remembered of who did what."""

from datetime import timedelta
from enum import StrEnum
from typing import Final

ACTION_MAX: Final = 64
DETAIL_MAX: Final = 200
AUDIT_LIFETIME: Final = timedelta(days=365)


class Outcome(StrEnum):
    """How an action ended."""

    SUCCESS = "success"
    FAILURE = "failure"
    DENIED = "denied"
