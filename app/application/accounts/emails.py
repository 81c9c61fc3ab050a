"""Who an e-mail address is: one canonical form per mailbox, so that look-alikes are told apart."""

import unicodedata

import idna

from app.domain.accounts import EMAIL_MAX
from app.domain.errors import Issue, IssueCode, ValidationFailed


def sign_in_address(email: str) -> str:
    """Who somebody says they are; an address that no account can have is nobody's, and told no more than any other."""
    try:
        return canonical_email(email)
    except ValidationFailed:
        return email


def canonical_email(email: str) -> str:
    """The form by which accounts are told apart: NFKC, lower case, the domain in IDNA 2008 (UTS 46).

    Raises `ValidationFailed` when the domain is none.
    """
    local, _, domain = unicodedata.normalize("NFKC", email.strip()).rpartition("@")
    try:
        canonical = f"{local.lower()}@{idna.encode(domain, uts46=True).decode().lower()}"
    except (idna.IDNAError, UnicodeError):
        canonical = ""
    if not local or len(canonical) > EMAIL_MAX or not canonical:
        raise ValidationFailed(
            [
                Issue(
                    IssueCode.INVALID_FORMAT,
                    ("email",),
                    "Expected an e-mail address",
                    params={"origin": "string", "format": "email"},
                )
            ]
        )
    return canonical
