"""The limits of a todo."""

from typing import Final

TITLE_MAX: Final = 500
NOTES_MAX: Final = 16_384
PAGE_LIMIT_MAX: Final = 100
PAGE_LIMIT_DEFAULT: Final = 20
