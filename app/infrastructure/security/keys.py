"""The keys of access tokens: a private JWK Set in a file (RFC 7517); the first key signs, all verify."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm
from jwt.utils import base64url_encode

from app.infrastructure.security.files import write_once

ALGORITHM: Final = "ES256"
_PRIVATE_MEMBER: Final = "d"


class KeyFileError(Exception):
    """The key file is missing, unreadable, or holds something else than ES256 keys."""


@dataclass(frozen=True, slots=True)
class Keyring:
    """One key to sign with, and every key that verifies, by its id."""

    signing_id: str
    signing_key: ec.EllipticCurvePrivateKey
    verifying: Mapping[str, ec.EllipticCurvePublicKey]
    public: tuple[Mapping[str, Any], ...]
    """The public JWKs, as the key set document shows them."""


def generate_key() -> dict[str, Any]:
    """A fresh private JWK for ES256, named by its thumbprint (RFC 7638)."""
    jwk: dict[str, Any] = ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP256R1()), as_dict=True)
    members = {name: jwk[name] for name in ("crv", "kty", "x", "y")}
    thumbprint = sha256(json.dumps(members, sort_keys=True, separators=(",", ":")).encode()).digest()
    return {**jwk, "alg": ALGORITHM, "use": "sig", "kid": base64url_encode(thumbprint).decode()}


def load_keyring(path: Path) -> Keyring:
    """Read the file; raises `KeyFileError`, which names the file and no content."""
    try:
        keys = json.loads(path.read_bytes())["keys"]
        private = {str(jwk["kid"]): _private_key(jwk) for jwk in keys}
    except OSError as error:
        raise KeyFileError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise KeyFileError(f"{path} is not a JWK Set of private ES256 keys") from error
    if not private:
        raise KeyFileError(f"{path} holds no key")
    signing_id = next(iter(private))
    return Keyring(
        signing_id=signing_id,
        signing_key=private[signing_id],
        verifying={kid: key.public_key() for kid, key in private.items()},
        public=tuple({name: value for name, value in jwk.items() if name != _PRIVATE_MEMBER} for jwk in keys),
    )


def ensure_key_file(path: Path) -> None:
    """Make the file with one fresh key unless it is there."""
    write_once(path, json.dumps({"keys": [generate_key()]}, indent=2))


def _private_key(jwk: Mapping[str, Any]) -> ec.EllipticCurvePrivateKey:
    key = ECAlgorithm(ECAlgorithm.SHA256).from_jwk(dict(jwk))
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise TypeError("not a private P-256 key")
    return key
