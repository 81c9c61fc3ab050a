"""The keys of access tokens: a private JWK Set in a file (RFC 7517); the first key signs, all that live verify."""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from time import monotonic
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec
from jwt import PyJWTError
from jwt.algorithms import ECAlgorithm
from jwt.utils import base64url_encode

from app.infrastructure.security.files import replace, write_once

ALGORITHM: Final = "ES256"
GRACE: Final = timedelta(minutes=20)
"""How long a key that was rotated out still verifies: longer than any token it has signed lives."""

LOOK_SECONDS: Final = 1.0
_PRIVATE: Final = "d"
_UNTIL: Final = "exp"


class KeyFileError(Exception):
    """The key file is missing, unreadable, or holds something else than ES256 keys."""


@dataclass(frozen=True, slots=True)
class Key:
    """One key; `until` is when it stops verifying, None for the one that signs."""

    private: ec.EllipticCurvePrivateKey
    public: ec.EllipticCurvePublicKey
    until: datetime | None
    jwk: Mapping[str, Any]
    """The public JWK, as the key set document shows it."""


@dataclass(frozen=True, slots=True)
class Keyring:
    """One key to sign with, and every key by its id."""

    signing_id: str
    keys: Mapping[str, Key]

    def verifies(self, kid: str, now: datetime) -> bool:
        """Whether there is a key of this id whose time is not over."""
        key = self.keys.get(kid)
        return key is not None and (key.until is None or now < key.until)

    def published(self, now: datetime) -> list[Mapping[str, Any]]:
        """The public JWKs that verify."""
        return [key.jwk for kid, key in self.keys.items() if self.verifies(kid, now)]


class KeyFile:
    """The keys in a file that may be rotated while processes run: they look at it once a second."""

    def __init__(self, path: Path, *, make: bool, seconds: Callable[[], float] = monotonic) -> None:
        """With `make`, the file is made with one fresh key when it is not there."""
        self.path = path
        self._make = make
        self._seconds = seconds
        self._looked_at = 0.0
        self._stamp: tuple[int, int] | None = None
        self._keyring: Keyring | None = None

    def current(self) -> Keyring:
        """The keys as they were at most a second ago; raises `KeyFileError` when there never were any."""
        if self._keyring is None or self._seconds() - self._looked_at > LOOK_SECONDS:
            return self._look()
        return self._keyring

    def verifying(self, kid: str, now: datetime) -> Keyring | None:
        """The keys with one of this id that verifies; while there is none the file is looked at again for it."""
        keys = self.current()
        if not keys.verifies(kid, now):
            keys = self._look()
        return keys if keys.verifies(kid, now) else None

    def _look(self) -> Keyring:
        if self._make:
            write_once(self.path, _document([generate_key()]))
        self._looked_at = self._seconds()
        try:
            status = self.path.stat()
            stamp = (status.st_mtime_ns, status.st_ino)
            if self._keyring is None or stamp != self._stamp:
                self._keyring = load_keyring(self.path)
                self._stamp = stamp
        except (OSError, KeyFileError) as error:
            # a file that was broken later must not sign everybody out
            if self._keyring is None:
                raise KeyFileError(f"{self.path} cannot be used: {error}") from error
        return self._keyring


def generate_key() -> dict[str, Any]:
    """A fresh private JWK for ES256, named by its thumbprint (RFC 7638)."""
    jwk: dict[str, Any] = ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP256R1()), as_dict=True)
    members = {name: jwk[name] for name in ("crv", "kty", "x", "y")}
    thumbprint = sha256(json.dumps(members, sort_keys=True, separators=(",", ":")).encode()).digest()
    return {**jwk, "alg": ALGORITHM, "use": "sig", "kid": base64url_encode(thumbprint).decode()}


def generate_key_file(path: Path) -> str:
    """Make the file with one fresh key, whose id is returned; raises `KeyFileError` when it is there."""
    key = generate_key()
    if not write_once(path, _document([key])):
        raise KeyFileError(f"{path} is there already; `litestar keys rotate` adds a key to it")
    return str(key["kid"])


def rotate_key_file(path: Path, now: datetime) -> str:
    """Add a fresh key that signs from now on, whose id is returned; the others verify for `GRACE` more.

    Raises `KeyFileError`.
    """
    load_keyring(path)
    fresh = generate_key()
    until = int((now + GRACE).timestamp())
    kept = [
        {**jwk, _UNTIL: min(until, jwk.get(_UNTIL, until))}
        for jwk in json.loads(path.read_bytes())["keys"]
        if jwk.get(_UNTIL, until) > now.timestamp()
    ]
    replace(path, _document([fresh, *kept]))
    return str(fresh["kid"])


def load_keyring(path: Path) -> Keyring:
    """Read the file; raises `KeyFileError`, which names the file and no content."""
    try:
        keys = {str(jwk["kid"]): _key(jwk) for jwk in json.loads(path.read_bytes())["keys"]}
    except OSError as error:
        raise KeyFileError(f"{path} cannot be read: {os.strerror(error.errno or 0)}") from error
    except (ValueError, KeyError, TypeError, OverflowError, PyJWTError) as error:
        raise KeyFileError(f"{path} is not a JWK Set of private ES256 keys") from error
    if not keys:
        raise KeyFileError(f"{path} holds no key")
    return Keyring(signing_id=next(iter(keys)), keys=keys)


def _document(keys: list[dict[str, Any]]) -> str:
    return json.dumps({"keys": keys}, indent=2)


def _key(jwk: Mapping[str, Any]) -> Key:
    private = ECAlgorithm(ECAlgorithm.SHA256).from_jwk(dict(jwk))
    if not isinstance(private, ec.EllipticCurvePrivateKey) or not isinstance(private.curve, ec.SECP256R1):
        raise TypeError("not a private P-256 key")
    until = jwk.get(_UNTIL)
    return Key(
        private=private,
        public=private.public_key(),
        until=None if until is None else datetime.fromtimestamp(until, UTC),
        jwk={name: value for name, value in jwk.items() if name not in {_PRIVATE, _UNTIL}},
    )
