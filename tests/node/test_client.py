"""The package that `litestar client typescript` makes, before TypeScript and Zod themselves."""

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest

from app.presentation.cli.client import MARKER
from app.presentation.cli.zod import zod_module
from app.presentation.http.openapi.schemas import ref, struct_schemas, without_defaults
from tests.application.validation import samples
from tests.node.conftest import FOLDER, Node, described, make_package

FINDINGS = Path("tests/application/validation/zod.jsonl")
SAMPLES = FOLDER / "node_modules" / ".evenstar-samples"


def contents(package: Path) -> dict[str, bytes]:
    return {name: (package / name).read_bytes() for name in [MARKER, *(package / MARKER).read_text().split()]}


@pytest.mark.soak
def test_the_same_document_gives_the_same_bytes(package: Path, tmp_path: Path) -> None:
    make_package(tmp_path / "made")
    assert contents(tmp_path / "made") == contents(package)
    found = {
        path.relative_to(tmp_path / "made").as_posix() for path in (tmp_path / "made").rglob("*") if path.is_file()
    }
    assert found == contents(package).keys()


def test_every_source_tells_the_document_that_it_was_made_from(package: Path) -> None:
    content = described()
    version: str = json.loads(content)["info"]["version"]
    sources = {name: content for name, content in contents(package).items() if name.endswith(".ts")}
    assert len([name for name in sources if name.startswith("src/")]) > 10
    for name, source in sources.items():
        if name.startswith("src/"):
            head = source[:400].decode()
            assert f"version {version}\n" in head, name
            assert hashlib.sha256(content).hexdigest() in head, name
    assert json.loads((package / "package.json").read_bytes())["version"] == version


def test_a_project_elsewhere_installs_it_with_zod_and_nothing_else(node: Node, package: Path, tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text('{"type": "module"}')
    done = node.npm("install", "--prefix", str(tmp_path), "--install-links", "--prefer-offline", str(package))
    assert done.returncode == 0, done.stderr
    installed = {path.name for path in (tmp_path / "node_modules").iterdir() if not path.name.startswith(".")}
    assert installed == {"evenstar-client", "zod"}
    (tmp_path / "use.js").write_text(
        "import { createEvenstar } from 'evenstar-client';\n"
        "import { bodies } from 'evenstar-client/schemas';\n"
        "const { error } = bodies.createTodo.safeParse({ title: 5 });\n"
        "console.log(typeof createEvenstar().createTodo, error.issues[0].code);\n"
    )
    assert node.script(str(tmp_path / "use.js")) == "function invalid_type\n"


def test_typescript_knows_what_a_client_wants_to_know(node: Node, package: Path) -> None:  # noqa: ARG001 -- it is compiled
    compiled = node.run("tsc", "--project", "types")
    assert compiled.stdout == ""
    assert compiled.returncode == 0


def test_the_readmes_example_is_typescript(node: Node, package: Path) -> None:  # noqa: ARG001 -- it imports that
    readme = (FOLDER.parents[1] / "README.md").read_text(encoding="utf-8")
    example = re.search(r"<!-- client -->\n```ts\n(.*?)```", readme, re.DOTALL)
    assert example is not None
    # in the package's neighbourhood, where it is found
    place = FOLDER / "node_modules" / ".evenstar-readme"
    place.mkdir(exist_ok=True)
    (place / "example.ts").write_text(example[1])
    (place / "tsconfig.json").write_text('{"extends": "../../types/tsconfig.json", "files": ["example.ts"]}')
    (place / "package.json").write_text('{"type": "module"}')
    compiled = node.run("tsc", "--project", str(place))
    assert (compiled.stdout, compiled.returncode) == ("", 0)


@pytest.fixture(scope="module")
def found_by_zod(node: Node, tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    """What Zod finds in the bodies of the findings, with schemas that are written for the same Structs."""
    structs = struct_schemas(set(samples.SAMPLES))
    components = {name: without_defaults(schema) for name, schema in structs.items()}
    # a time of day that may have an offset has no name in JSON Schema; those of the service have none, and are told so
    for struct, field in (("Times", "clock"), ("Due", "time")):
        components[struct]["properties"][field]["format"] = "partial-time"
    paths = {f"/{name}": {"post": taking(name)} for name in (struct.__name__ for struct in samples.SAMPLES)}
    source = tmp_path_factory.mktemp("zod") / "schemas.ts"
    # the samples have no types
    module = re.sub(
        r"^import type .*\n",
        "",
        zod_module({"paths": paths, "components": {"schemas": components}}),
        flags=re.MULTILINE,
    )
    source.write_text(re.sub(r"\btypes\.\w+", "unknown", module))
    compiled = node.run(
        "tsc", "--noCheck", "--target", "es2022", "--module", "esnext", "--outDir", str(SAMPLES), str(source)
    )
    assert compiled.returncode == 0, compiled.stdout
    found: list[Any] = json.loads(node.script("client/findings.js", str(FINDINGS.resolve())))
    return found


def taking(component: str) -> dict[str, Any]:
    """An operation with this body."""
    body = {"content": {"application/json": {"schema": ref(component)}}}
    return {"operationId": component, "requestBody": body}


def test_zod_finds_what_it_found_before_with_the_schemas_that_are_written(found_by_zod: list[Any]) -> None:
    lines = [json.loads(line) for line in FINDINGS.read_text(encoding="utf-8").splitlines()]
    assert len(found_by_zod) == len(lines)
    for (struct, body, issues), found in zip(lines, found_by_zod, strict=True):
        assert found == [[code, path] for code, path, _ in issues], (struct, body)
