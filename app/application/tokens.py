"""Tokens that are shown once: whoever has the database has their hashes, which are good for nothing."""

import secrets
from hashlib import sha256


def new_token() -> str:
    """256 random bits, as text for URLs and JSON."""
    return secrets.token_urlsafe(32)


def digest_of(token: str) -> bytes:
    """What is stored of a token."""
    return sha256(token.encode(errors="surrogatepass")).digest()
