"""What is installed is what `pyproject.toml` says, to the last package and version."""

import re
import tomllib
from importlib.metadata import distributions
from pathlib import Path

PROJECT = tomllib.loads(Path("pyproject.toml").read_text())
PINS = dict(pin.split("==") for pin in PROJECT["tool"]["uv"]["constraint-dependencies"])


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_every_installed_package_has_its_one_version_pinned() -> None:
    installed = {canonical(found.metadata["Name"]): found.version for found in distributions()}
    del installed["evenstar"]
    unlike = {name: version for name, version in installed.items() if PINS.get(name) != version}
    assert not unlike, "run `uv sync`, or pin these in [tool.uv] constraint-dependencies"


def test_nothing_names_a_package_registry() -> None:
    for path in (Path("pyproject.toml"), Path("README.md"), Path("Containerfile"), Path(".ci/run")):
        assert not re.search(r"pypi\.org|pythonhosted|registry\.npmjs|index-url", path.read_text()), path
