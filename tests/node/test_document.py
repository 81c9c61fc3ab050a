"""The document before the tools of those who read it from Node."""

import json
import shutil
from pathlib import Path

import pytest

from app.asgi import create_app
from app.presentation.http.openapi import document
from app.settings import Settings
from tests.node.conftest import FOLDER, Node


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The document in a file."""
    path = tmp_path_factory.mktemp("document") / "openapi.json"
    path.write_bytes(document(create_app(Settings.load({"APP_ENV": "test"}))))
    return path


def spoiled(described: Path) -> Path:
    """A document of nothing but a fault that either tool has a rule against."""
    path = described.with_name("spoiled.json")
    info = json.loads(described.read_bytes())["info"]
    path.write_text(json.dumps({"openapi": "3.1.0", "info": info, "servers": [], "paths": {}}))
    return path


def redocly_complaints(node: Node, path: Path) -> list[str]:
    done = node.run(
        "redocly", "lint", "--config", "redocly.yaml", "--format", "json", "--max-problems", "1000", str(path)
    )
    return [f"{problem['ruleId']}: {problem['message']}" for problem in json.loads(done.stdout)["problems"]]


def spectral_complaints(node: Node, *paths: Path) -> dict[str, list[str]]:
    """The rules that each document breaks."""
    arguments = ("--ruleset", "spectral.yaml", "--format", "json", "--quiet")
    done = node.run("spectral", "lint", *arguments, *map(str, paths))
    told: dict[str, list[str]] = {path.name: [] for path in paths}
    for problem in json.loads(done.stdout):
        told[Path(problem["source"]).name].append(problem["code"])
    return told


def test_redocly_has_nothing_to_say_about_the_document(node: Node, described: Path) -> None:
    assert redocly_complaints(node, described) == []
    assert [told.partition(":")[0] for told in redocly_complaints(node, spoiled(described))] == ["no-empty-servers"]


def test_spectral_has_nothing_to_say_about_the_document(node: Node, described: Path) -> None:
    # both at once, for the tool takes its time to start
    told = spectral_complaints(node, described, spoiled(described))
    assert {source: codes for source, codes in told.items() if codes} == {"spoiled.json": ["oas3-api-servers"]}


def test_the_types_that_typescript_makes_of_the_document_are_those_that_a_client_wants(
    node: Node, described: Path, tmp_path: Path
) -> None:
    for name in ("client.ts", "tsconfig.json"):
        shutil.copy(FOLDER / "document" / name, tmp_path)
    # as a module of its own, and no declaration file, so that TypeScript looks at it and not at all that it ships with
    made = node.run("openapi-typescript", str(described), "--output", str(tmp_path / "schema.ts"))
    assert made.returncode == 0, made.stderr
    compiled = node.run("tsc", "--project", str(tmp_path))
    assert compiled.stdout == ""
    assert compiled.returncode == 0, compiled.stderr
