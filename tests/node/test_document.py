"""The document before the tools of those who read it from Node."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from app.asgi import create_app
from app.presentation.http.openapi import document
from app.settings import Settings
from tests.node.conftest import FOLDER, Node

pytestmark = pytest.mark.soak


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The document in a file."""
    path = tmp_path_factory.mktemp("document") / "openapi.json"
    path.write_bytes(document(create_app(Settings.load({"APP_ENV": "test"}))))
    return path


def spoiled(described: Path, **changes: Any) -> Path:
    """The document with other members at its top."""
    path = described.with_name("spoiled.json")
    path.write_text(json.dumps(json.loads(described.read_bytes()) | changes))
    return path


def redocly_complaints(node: Node, path: Path) -> list[str]:
    done = node.run(
        "redocly", "lint", "--config", "redocly.yaml", "--format", "json", "--max-problems", "1000", str(path)
    )
    return [f"{problem['ruleId']}: {problem['message']}" for problem in json.loads(done.stdout)["problems"]]


def spectral_complaints(node: Node, path: Path) -> list[str]:
    done = node.run("spectral", "lint", "--ruleset", "spectral.yaml", "--format", "json", "--quiet", str(path))
    return [f"{problem['code']}: {problem['message']}" for problem in json.loads(done.stdout)]


def test_redocly_has_nothing_to_say_about_the_document(node: Node, described: Path) -> None:
    assert redocly_complaints(node, described) == []
    assert redocly_complaints(node, spoiled(described, servers=[])) != []


def test_spectral_has_nothing_to_say_about_the_document(node: Node, described: Path) -> None:
    assert spectral_complaints(node, described) == []
    assert spectral_complaints(node, spoiled(described, tags=[])) != []


def test_the_types_that_typescript_makes_of_the_document_are_those_that_a_client_wants(
    node: Node, described: Path, tmp_path: Path
) -> None:
    shutil.copy(FOLDER / "client.ts", tmp_path)
    made = node.run("openapi-typescript", str(described), "--output", str(tmp_path / "schema.d.ts"))
    assert made.returncode == 0, made.stderr
    checks = ("--strict", "--exactOptionalPropertyTypes", "--noUncheckedIndexedAccess", "--noEmit")
    module = ("--module", "esnext", "--moduleResolution", "bundler")
    compiled = node.run("tsc", *checks, *module, str(tmp_path / "client.ts"), str(tmp_path / "schema.d.ts"))
    assert compiled.stdout == ""
    assert compiled.returncode == 0, compiled.stderr
