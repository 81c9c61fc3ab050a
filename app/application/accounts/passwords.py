"""What a new password may be (ASVS 5.0 6.2)."""

from functools import cache
from typing import Final

from zxcvbn.frequency_lists import FREQUENCY_LISTS

from app.domain.accounts import PASSWORD_MIN, PasswordCompromised, check_password_length

PRODUCT: Final = "evenstar"
_SHORTEST_WORD: Final = 3


def check_new_password(password: str, email: str) -> None:
    """Refuse what bcrypt would cut short and what guessers try first; raises `PasswordTooLong`, `PasswordCompromised`.

    Anything else goes: there are no rules of composition.
    """
    check_password_length(password)
    folded = password.casefold()
    if folded in _common():
        raise PasswordCompromised("The password is among the most common ones")
    for word in (PRODUCT, email.partition("@")[0].casefold()):
        if len(word) >= _SHORTEST_WORD and word in folded and len(folded.replace(word, "")) < PASSWORD_MIN:
            raise PasswordCompromised("The password is little more than the product's name or your own address")


@cache
def _common() -> frozenset[str]:
    """30,000 passwords from leaks."""
    return frozenset(FREQUENCY_LISTS["passwords"])
