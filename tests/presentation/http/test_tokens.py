"""Access tokens: ours are taken, and what is not ours to the letter is refused with the same words."""

import base64
import hmac
import json
from collections.abc import Callable, Mapping
from typing import Any, Final

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm
from litestar import Litestar

from app.infrastructure.security.keys import generate_key
from db.factories import UserFactory
from tests.presentation.http.conftest import START, People, Person, SettableClock

pytestmark = pytest.mark.anyio

NOW: Final = int(START.timestamp())
OURS: Final[Any] = object()
MISSING: Final[Any] = object()


async def test_tk1_access_tokens_end_after_fifteen_minutes(ada: Person, clock: SettableClock) -> None:
    clock.advance(minutes=14, seconds=59)
    assert (await ada.client.get("/api/me")).status_code == 200
    clock.advance(seconds=1)
    answer = await ada.client.get("/api/me")
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Bearer error="invalid_token"')


async def test_tk2_the_key_set_verifies_our_tokens_and_holds_no_private_part(
    client: httpx.AsyncClient, ada: Person
) -> None:
    keys = (await client.get("/.well-known/jwks.json")).json()["keys"]
    assert all(set(key) == {"kty", "crv", "x", "y", "kid", "alg", "use"} for key in keys)
    header = jwt.get_unverified_header(ada.token)
    assert header == {"alg": "ES256", "typ": "at+jwt", "kid": keys[0]["kid"]}
    claims = jwt.decode(
        ada.token,
        jwt.PyJWK(keys[0]),
        algorithms=["ES256"],
        audience="evenstar",
        options={"verify_exp": False, "verify_iat": False},
    )
    assert set(claims) == {"iss", "sub", "aud", "exp", "iat", "jti", "sid", "role", "scope", "auth_time"}
    assert claims["sub"] == str(ada.user.id)
    assert claims["exp"] - claims["iat"] == 900


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decoded(part: str) -> Any:
    return json.loads(base64.urlsafe_b64decode(part + "=="))


class Forger:
    """Makes tokens out of a good one, as somebody who knows everything about ours; most also have our key."""

    def __init__(self, token: str, private: ec.EllipticCurvePrivateKey) -> None:
        self.token = token
        self.private = private
        self.head, self.payload, self.signature = token.split(".")
        self.header: dict[str, Any] = decoded(self.head)
        self.claims: dict[str, Any] = decoded(self.payload)

    @property
    def public_pem(self) -> bytes:
        return self.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def tampered(self, *, header: Mapping[str, Any] | None = None, claims: Mapping[str, Any] | None = None) -> str:
        """Another header or other claims under the old signature."""
        head = encoded(json.dumps(self.header | dict(header or {})).encode())
        payload = encoded(json.dumps(self.claims | dict(claims or {})).encode())
        return f"{head}.{payload}.{self.signature}"

    def signed(self, header: Mapping[str, Any] | None = None, *, key: Any = OURS, **claims: Any) -> str:
        """Signed by ES256 over whatever is asked for, so that nothing but that is wrong with it."""
        return self.claiming(claims, header, key)

    def claiming(self, claims: Mapping[str, Any], header: Mapping[str, Any] | None = None, key: Any = OURS) -> str:
        """With these claims in the place of the good ones."""
        changed = {name: value for name, value in (self.claims | dict(claims)).items() if value is not MISSING}
        return self.sign(json.dumps(changed).encode(), header, key)

    def sign(self, payload: bytes, header: Mapping[str, Any] | None = None, key: Any = OURS) -> str:
        heads = {name: value for name, value in (self.header | dict(header or {})).items() if value is not MISSING}
        message = f"{encoded(json.dumps(heads).encode())}.{encoded(payload)}"
        signature = ECAlgorithm(SHA256).sign(message.encode(), self.private if key is OURS else key)
        return f"{message}.{encoded(signature)}"

    def hs256(self, secret: bytes) -> str:
        """The classic confusion: what verifies a signature is taken for the secret of a MAC."""
        message = f"{encoded(json.dumps(self.header | {'alg': 'HS256'}).encode())}.{self.payload}"
        return f"{message}.{encoded(hmac.digest(secret, message.encode(), 'sha256'))}"


def another() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def own_jwk(key: ec.EllipticCurvePrivateKey) -> dict[str, Any]:
    return ECAlgorithm.to_jwk(key.public_key(), as_dict=True)


def with_embedded_key(forger: Forger) -> str:
    key = another()
    return forger.signed({"jwk": own_jwk(key)}, key=key)


def with_duplicate_claim(forger: Forger) -> str:
    """An honest role first, and the admin's where parsers look last, under a signature of the honest one."""
    payload = json.dumps(forger.claims)[:-1] + ', "role": "admin"}'
    return f"{forger.head}.{encoded(payload.encode())}.{forger.signature}"


ATTACKS: Final[dict[str, Callable[[Forger], str]]] = {
    # what is no token at all
    "nothing": lambda _: "",
    "a letter": lambda _: "x",
    "three letters": lambda _: "a.b.c",
    "only dots": lambda _: "..",
    "no signature": lambda f: f"{f.head}.{f.payload}.",
    "two parts": lambda f: f"{f.head}.{f.payload}",
    "four parts": lambda f: f"{f.token}.{f.signature}",
    "five parts, as of JWE": lambda f: f"{f.head}.{f.payload}.{f.signature}.{f.signature}.{f.signature}",
    "padding": lambda f: f"{f.token}=",
    "padding in the midst": lambda f: f"{f.head}=.{f.payload}.{f.signature}",
    "a trailing dot": lambda f: f"{f.token}.",
    "a trailing blank": lambda f: f"{f.token} x",
    "twice": lambda f: f"{f.token},{f.token}",
    "the general JSON form": lambda f: json.dumps({"payload": f.payload, "protected": f.head}),
    "20 KB": lambda _: "A" * 20_000,
    "20 KB of claims": lambda f: f"{f.head}.{'A' * 20_000}.{f.signature}",
    "20 KB that we signed": lambda f: f.signed(more="A" * 20_000),
    # algorithms
    "alg none": lambda f: f.tampered(header={"alg": "none"}),
    "alg none without a signature": lambda f: f.tampered(header={"alg": "none"}).rpartition(".")[0] + ".",
    "alg nOnE": lambda f: f.tampered(header={"alg": "nOnE"}),
    "alg HS256 under the old signature": lambda f: f.tampered(header={"alg": "HS256"}),
    "HS256 with our public key": lambda f: f.hs256(f.public_pem),
    "HS256 with our public JWK": lambda f: f.hs256(json.dumps(own_jwk(f.private)).encode()),
    "HS256 with an empty secret": lambda f: f.hs256(b""),
    "alg ES384": lambda f: f.signed({"alg": "ES384"}),
    "no alg": lambda f: f.signed({"alg": MISSING}),
    "a list of algs": lambda f: f.signed({"alg": ["ES256"]}),
    # signatures
    "a broken signature": lambda f: f"{f.token[:-4]}AAAA",
    "a signature of zeros": lambda f: f"{f.head}.{f.payload}.{encoded(bytes(64))}",
    "an empty signature's length": lambda f: f"{f.head}.{f.payload}.{encoded(bytes(63))}",
    "a signature in DER": lambda f: (
        f"{f.head}.{f.payload}.{encoded(f.private.sign(f'{f.head}.{f.payload}'.encode(), ec.ECDSA(SHA256())))}"
    ),
    "another key": lambda f: f.signed(key=another()),
    "another key that it brings along": with_embedded_key,
    "another key of our kid": lambda f: f.signed({"kid": f.header["kid"]}, key=another()),
    # headers, from here on under our own signature
    "typ JWT": lambda f: f.signed({"typ": "JWT"}),
    "typ refresh": lambda f: f.signed({"typ": "refresh"}),
    "typ in capitals": lambda f: f.signed({"typ": "AT+JWT"}),
    "no typ": lambda f: f.signed({"typ": MISSING}),
    "crit": lambda f: f.signed({"crit": ["exp"], "exp": 1}),
    "crit b64": lambda f: f.signed({"crit": ["b64"], "b64": False}),
    "jku": lambda f: f.signed({"jku": "https://evil.example.com/jwks.json"}),
    "x5u": lambda f: f.signed({"x5u": "https://evil.example.com/chain.pem"}),
    "zip": lambda f: f.signed({"zip": "DEF"}),
    "an unknown kid": lambda f: f.signed({"kid": "unknown"}),
    "no kid": lambda f: f.signed({"kid": MISSING}),
    "a path as kid": lambda f: f.signed({"kid": "../../../dev/null"}),
    "SQL as kid": lambda f: f.signed({"kid": "x' UNION SELECT 'secret' --"}),
    "a NUL as kid": lambda f: f.signed({"kid": "\0"}),
    "a number as kid": lambda f: f.signed({"kid": 1}),
    "a header that is a list": lambda f: f"{encoded(b'[]')}.{f.payload}.{f.signature}",
    "a header of a thousand depths": lambda f: f"{encoded(b'[' * 1000 + b']' * 1000)}.{f.payload}.{f.signature}",
    # claims
    "another role under the old signature": lambda f: f.tampered(claims={"role": "admin"}),
    "a role told twice": with_duplicate_claim,
    "an unknown role": lambda f: f.signed(role="root"),
    **{f"no {name}": lambda f, name=name: f.claiming({name: MISSING}) for name in (
        "iss", "sub", "aud", "exp", "iat", "jti", "sid", "role", "scope", "auth_time"
    )},
    **{f"{name} as text": lambda f, name=name: f.claiming({name: str(f.claims[name])}) for name in (
        "exp", "iat", "auth_time"
    )},
    "exp as a fraction": lambda f: f.signed(exp=NOW + 900.5),
    "exp true": lambda f: f.signed(exp=True),
    "exp null": lambda f: f.signed(exp=None),
    "exp of 400 digits": lambda f: f.signed(exp=10**400),
    "exp NaN": lambda f: f.signed(exp=float("nan")),
    "an exp that has passed": lambda f: f.signed(exp=NOW - 1),
    "an iat in the future": lambda f: f.signed(iat=NOW + 60, exp=NOW + 960),
    "an iat before time": lambda f: f.signed(iat=-1),
    "another iss": lambda f: f.signed(iss="https://evil.example.com"),
    "an iss of many": lambda f: f.signed(iss=[f.claims["iss"]]),
    "another aud": lambda f: f.signed(aud="elsewhere"),
    "an aud of many, ours among them": lambda f: f.signed(aud=["elsewhere", f.claims["aud"]]),
    "a sub that is no id": lambda f: f.signed(sub="admin"),
    "a sid that is no id": lambda f: f.signed(sid="*"),
    "a scope of a list": lambda f: f.signed(scope=["admin"]),
    "claims that are a list": lambda f: f.sign(b"[]"),
    "claims that are text": lambda f: f.sign(b'"sub"'),
    "claims that are no JSON": lambda f: f.sign(b"\xff\x00"),
    "claims of a thousand depths": lambda f: f.sign(b"[" * 1000 + b"]" * 1000),
}  # fmt: skip


@pytest.fixture
async def forger(app: Litestar, people: People) -> Forger:
    ring = app.state.access_tokens.keys.current()
    return Forger((await people.make()).token, ring.keys[ring.signing_id].private)


@pytest.mark.parametrize("attack", ATTACKS)
async def test_tk1_a_token_that_is_not_ours_to_the_letter_is_refused(
    forger: Forger, client: httpx.AsyncClient, attack: str
) -> None:
    token = ATTACKS[attack](forger)
    answer = await client.get("/api/me", headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
    assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'
    assert token[:40] not in answer.text or len(token) < 4


async def test_tk1_a_token_that_is_signed_as_ours_are_is_taken(forger: Forger, client: httpx.AsyncClient) -> None:
    """What each attack begins with: were this one refused, the others would be refused for nothing."""
    for token in (forger.token, forger.signed(), forger.signed(more="of somebody else's claims")):
        assert (await client.get("/api/me", headers={"Authorization": f"Bearer {token}"})).status_code == 200


async def test_tk1_a_token_anywhere_but_in_one_bearer_header_is_none(client: httpx.AsyncClient, ada: Person) -> None:
    good = f"Bearer {ada.token}"
    attempts: list[dict[str, Any]] = [
        *({"headers": {"Authorization": f"{scheme} {ada.token}"}} for scheme in ("Basic", "bearer2", "Token", "")),
        {"headers": {"Authorization": ada.token}},
        {"headers": [("Authorization", good), ("Authorization", good)]},
        {"headers": [("Authorization", "Basic eDp4"), ("Authorization", good)]},
        {"headers": {"Cookie": f"token={ada.token}; Authorization={good}"}},
        {"headers": {"X-Authorization": good, "Proxy-Authorization": good}},
    ]
    for attempt in attempts:
        answer = await client.get("/api/me", **attempt)
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Bearer error="invalid_token"')
    in_query = await client.get("/api/todos", params={"access_token": ada.token})
    assert in_query.status_code == 401


async def test_tk1_a_token_of_a_key_of_somebody_elses_service_is_none(
    forger: Forger, client: httpx.AsyncClient
) -> None:
    """Made as ours are, by the same code, over another key file."""
    jwk = generate_key()
    theirs = ECAlgorithm(SHA256).from_jwk(jwk)
    for kid in (jwk["kid"], forger.header["kid"]):
        token = forger.signed({"kid": kid}, key=theirs)
        answer = await client.get("/api/me", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 401


async def test_tk1_a_token_whose_account_is_gone_sees_nobody(client: httpx.AsyncClient, app: Litestar) -> None:
    gone = UserFactory.build()
    token = app.state.access_tokens.issue(gone.id, gone.id, gone.role, gone.created_at)
    headers = {"Authorization": f"Bearer {token}"}
    assert (await client.get("/api/me", headers=headers)).status_code == 401
    answer = await client.post("/api/todos", json={"title": "From nobody"}, headers=headers)
    assert answer.status_code == 401
