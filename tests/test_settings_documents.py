import runpy
import sys
from importlib import import_module
from io import StringIO
from pathlib import Path

import pytest
from dotenv import dotenv_values

from app.settings import VARIABLES, Settings
from app.settings.document import render_env, render_table
from tests.test_settings import NAMES, faults_of

EXAMPLE = Path(__file__).parents[1] / ".env.example"
SECRETS = {field.upper() for field, variable in VARIABLES.items() if variable.secret}


def dotenv(lines: list[str]) -> dict[str, str]:
    return {name: value or "" for name, value in dotenv_values(stream=StringIO("\n".join(lines))).items()}


def uncommented() -> dict[str, str]:
    """All values that stand in the example file."""
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    return dotenv([line[1:] for line in lines if line.startswith(tuple(f"#{name}=" for name in NAMES))])


def test_the_example_file_is_what_the_settings_render() -> None:
    assert EXAMPLE.read_bytes() == render_env().encode()


def test_the_example_file_loads_in_development_as_it_stands_and_uncommented() -> None:
    defaults = Settings.load({})
    assert Settings.load(dotenv(EXAMPLE.read_text(encoding="utf-8").splitlines())) == defaults
    examples = uncommented()
    assert list(examples) == NAMES
    assert all(examples.values())
    settings = Settings.load(examples)
    differing = {field for field in VARIABLES if getattr(settings, field) != getattr(defaults, field)}
    assert differing == {
        "database_url",
        "redis_url",
        "allowed_hosts",
        "cors_origins",
        "trusted_proxies",
        "secret_key",
        "smtp_url",
        "frontend_url",
    }


def test_production_refuses_the_secrets_of_the_example_file() -> None:
    assert {"DATABASE_URL", "REDIS_URL", "SECRET_KEY", "SMTP_URL"} == SECRETS
    for name in SECRETS:
        assert faults_of({"APP_ENV": "production", name: uncommented()[name]})[name].endswith(
            "an example in production"
        )


def test_the_table_has_a_row_for_each_variable_and_shows_what_depends_on_the_environment() -> None:
    header, rule, *rows = render_table().splitlines()
    assert header == "| Variable | Meaning | Value | Default |"
    assert rule == "| --- | --- | --- | --- |"
    cells = {row.split("`")[1]: row[2:-2].split(" | ") for row in rows}
    assert list(cells) == NAMES
    assert {len(row) for row in cells.values()} == {4}
    assert cells["RATE_LIMIT_LOGIN"][3] == "`1000/60`; `10/60` in production"
    assert cells["AUTH_EMAIL_VERIFICATION"][3] == "`optional`; `required` in production"
    assert cells["SECRET_KEY"][0] == "`SECRET_KEY` (secret)"
    assert cells["SECRET_KEY"][3] == "none; required in production"
    assert cells["JWT_ISSUER"][3] == "`$BASE_URL`"
    assert cells["CORS_ORIGINS"][3] == "none"


@pytest.mark.parametrize(("argument", "text"), [("env", render_env()), ("table", render_table())])
def test_the_module_prints_its_documents(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], argument: str, text: str
) -> None:
    monkeypatch.delitem(sys.modules, "app.settings.__main__", raising=False)
    monkeypatch.setattr(sys, "argv", ["settings", argument])
    runpy.run_module("app.settings", run_name="__main__")
    assert capsys.readouterr().out == text


def test_importing_the_printing_module_prints_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    import_module("app.settings.__main__")
    assert capsys.readouterr().out == ""
