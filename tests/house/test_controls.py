"""What protects accounts, and that a test named for it makes the request that proves it."""

import ast
from functools import cache
from pathlib import Path
from typing import Final

import pytest

TESTS: Final = Path(__file__).resolve().parents[1]
OVER_HTTP: Final = (TESTS / "presentation" / "http", TESTS / "live", TESTS / "node")

CONTROLS: Final = {
    "pw1": "a password has 8 to 128 characters, at most 72 bytes, any script, and is none that guessers try first",
    "pw2": "hashes are bcrypt's, made in a bounded pool that holds up nobody else, and renewed when the cost changes",
    "en1": "a sign-in that fails does the same work and gets the same answer, whatever is wrong",
    "en2": "whoever asks for a mail, or registers where addresses are proven first, is told the same for every address",
    "en3": "an address is one account's however it is spelt, and one that looks like it is another's",
    "th1": "passwords are tried so often by one address and for one account, which may exist or not",
    "th2": "so often an address registers, mails are asked for, and a session is refreshed",
    "tk1": "an access token is ours to the letter or none, and every route but those listed wants one",
    "tk2": "signing keys rotate while clients call, and their private parts are shown to nobody",
    "rt1": "a refresh token has an end, and what the database holds of it signs nobody in",
    "rt2": "a refresh token has one successor, and its use after that ends the session for good",
    "rv1": "the access tokens of a session that has ended are refused within a second by every worker",
    "se1": "people see their own sessions and end them, and nobody else's",
    "su1": "what takes an account over needs a sign-in of the last five minutes, or the password again",
    "em1": "a mailed token is used once, in time, for its one purpose, and leads to no host but the configured one",
    "em2": "an address changes when the new one is proven, and the old one is told",
    "az1": "a route is guarded or marked public, or nothing starts",
    "az2": "what is somebody else's reads as absent, by every method",
    "az3": "fields that are the server's are not taken, and secrets neither shown nor sorted by",
    "az4": "the first admin is made at the command line, and the last one remains",
}


@cache
def names_beneath(*places: Path) -> set[str]:
    """The names of all test functions; what is commented out is none."""
    return {
        node.name
        for place in places
        for path in place.rglob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    }


@pytest.mark.parametrize("control", CONTROLS)
def test_a_control_is_proven_over_http(control: str) -> None:
    assert any(name.startswith(f"test_{control}_") for name in names_beneath(*OVER_HTTP)), CONTROLS[control]


@pytest.mark.parametrize("control", ["em1", "rt2", "rv1", "th1", "tk2"])
def test_a_control_that_holds_across_workers_is_proven_before_two_of_them(control: str) -> None:
    assert any(name.startswith(f"test_{control}_") for name in names_beneath(TESTS / "live")), CONTROLS[control]


def test_no_test_is_named_for_a_control_that_is_not_listed() -> None:
    prefixes = {name.split("_")[1] for name in names_beneath(TESTS)}
    coded = {prefix for prefix in prefixes if len(prefix) == 3 and prefix[:2].isalpha() and prefix[2].isdigit()}
    assert coded <= CONTROLS.keys()
