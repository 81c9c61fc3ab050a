"""Keys in a file: made once, rotated under running processes, never half read."""

import json
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import jwt
import pytest

from app.domain.access import UserRole
from app.domain.errors import Unauthenticated
from app.infrastructure.security.keys import (
    KeyFile,
    KeyFileError,
    generate_key_file,
    load_keyring,
    rotate_key_file,
)
from app.infrastructure.security.tokens import AccessTokens

NOW = datetime(2030, 1, 1, tzinfo=UTC)


class At:
    def __init__(self, instant: datetime = NOW) -> None:
        self.instant = instant

    def now(self) -> datetime:
        return self.instant


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys" / "signing-keys.json"


def tokens_of(path: Path, clock: At) -> AccessTokens:
    return AccessTokens(KeyFile(path, make=False), clock, issuer="https://a.example", audience="evenstar")


def issue(tokens: AccessTokens) -> str:
    return tokens.issue(uuid4(), uuid4(), UserRole.USER, NOW)


def test_a_key_file_is_made_once_for_its_owner_alone(path: Path) -> None:
    kid = generate_key_file(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_keyring(path).signing_id == kid
    with pytest.raises(KeyFileError, match="is there already"):
        generate_key_file(path)


def test_of_parallel_makers_one_wins_and_all_read_the_same(path: Path) -> None:
    def made(_: int) -> str:
        return KeyFile(path, make=True).current().signing_id

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(made, range(8)))
    assert len(set(found)) == 1
    assert [left.name for left in path.parent.iterdir()] == [path.name]


def test_tk2_after_a_rotation_both_keys_verify_and_the_new_one_signs(path: Path) -> None:
    clock = At()
    old = generate_key_file(path)
    signing, verifying = tokens_of(path, clock), tokens_of(path, clock)
    before = issue(signing)
    verifying.verify(before)
    new = rotate_key_file(path, NOW)
    fresh = tokens_of(path, clock)
    after = issue(fresh)
    # a process that has not looked at the file since looks for a key it does not know
    verifying.verify(after)
    verifying.verify(before)
    published = [key["kid"] for key in fresh.keys.current().published(clock.now())]
    assert published == [new, old]


def test_tk2_the_old_key_verifies_for_twenty_minutes_and_no_longer(path: Path) -> None:
    clock = At()
    old = generate_key_file(path)
    before = issue(tokens_of(path, clock))
    new = rotate_key_file(path, NOW)
    tokens = tokens_of(path, clock)
    clock.instant = NOW + timedelta(minutes=14)
    tokens.verify(before)
    assert tokens.keys.verifying(old, NOW + timedelta(minutes=19, seconds=59)) is not None
    assert tokens.keys.verifying(old, NOW + timedelta(minutes=20)) is None
    assert [key["kid"] for key in tokens.keys.current().published(NOW + timedelta(minutes=20))] == [new]
    rotate_key_file(path, NOW + timedelta(minutes=21))
    assert old not in load_keyring(path).keys


def test_a_rotation_lengthens_no_life_and_shows_no_private_part(path: Path) -> None:
    generate_key_file(path)
    rotate_key_file(path, NOW)
    first = json.loads(path.read_bytes())["keys"][1]["exp"]
    rotate_key_file(path, NOW + timedelta(minutes=5))
    keyring = load_keyring(path)
    assert json.loads(path.read_bytes())["keys"][2]["exp"] == first
    assert all("d" not in key and "exp" not in key for key in keyring.published(NOW))


BROKEN: list[Callable[[Path], object]] = [
    lambda path: path.write_text("{"),
    lambda path: path.write_text("[]"),
    lambda path: path.write_text('{"keys": []}'),
    lambda path: path.write_text('{"keys": [{"kty": "oct", "k": "AAAA", "kid": "1"}]}'),
    lambda path: path.write_text('{"keys": [{"kty": "EC", "crv": "P-256", "kid": "1"}]}'),
    lambda path: path.unlink(),
]


@pytest.mark.parametrize("harm", BROKEN)
def test_a_broken_file_is_told_without_its_content_and_signs_nobody_out(
    path: Path, harm: Callable[[Path], object]
) -> None:
    clock = At()
    generate_key_file(path)
    tokens = tokens_of(path, clock)
    token = issue(tokens)
    harm(path)
    tokens.verify(token)
    with pytest.raises(Unauthenticated):
        tokens.verify(token.replace(".", ".A", 1))
    with pytest.raises(KeyFileError, match=r"signing-keys\.json"):
        KeyFile(path, make=False).current()


def test_a_known_token_is_not_computed_again_and_still_ends_with_its_time_and_its_key(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    computed: list[str] = []

    def counted(token: str, *arguments: Any, **options: Any) -> Any:
        computed.append(token)
        return decode(token, *arguments, **options)

    decode = jwt.decode
    monkeypatch.setattr(jwt, "decode", counted)
    clock = At()
    old = generate_key_file(path)
    tokens = tokens_of(path, clock)
    token, other = issue(tokens), issue(tokens)
    assert {tokens.verify(token).claims.jti for _ in range(100)} == {tokens.verify(token).claims.jti}
    assert computed == [token]
    assert tokens.verify(other).claims.jti != tokens.verify(token).claims.jti
    # one character of the signature is another token
    with pytest.raises(Unauthenticated):
        tokens.verify(token[:-3] + ("AAA" if token[-3:] != "AAA" else "BBB"))
    clock.instant = NOW + timedelta(minutes=15)
    with pytest.raises(Unauthenticated, match="expired"):
        tokens.verify(token)
    clock.instant = NOW
    tokens.verify(other)
    path.unlink()
    generate_key_file(path)
    assert old not in tokens.keys._look().keys  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] -- a second later
    with pytest.raises(Unauthenticated):
        tokens.verify(other)


def test_the_longest_unused_token_is_forgotten(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.infrastructure.security.tokens.REMEMBERED", 2)
    generate_key_file(path)
    tokens = tokens_of(path, At())
    first, second, third = (issue(tokens) for _ in range(3))
    for token in (first, second, first, third):
        tokens.verify(token)
    assert list(tokens._verified) == [first, third]  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] -- what it keeps
