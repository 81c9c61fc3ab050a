"""`litestar users` and `litestar keys`, as typed."""

from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from app.console import create_console
from app.infrastructure.security.keys import load_keyring
from app.presentation.cli.later import LaterPlugin
from app.settings import Settings

Run = Callable[..., Result]

PASSWORD = "correct horse battery staple"


@pytest.fixture
def settings(tmp_path: Path, database_url: str, redis_url: str) -> Settings:
    return Settings.load(
        {
            "APP_ENV": "test",
            "DATABASE_URL": database_url,
            "REDIS_URL": redis_url,
            "DATA_DIR": str(tmp_path / "data"),
            "BCRYPT_COST": "10",
            "LOG_LEVEL": "error",
        }
    )


@pytest.fixture
def run(settings: Settings) -> Run:
    cli = click.Group("litestar")
    for plugin in create_console(settings).plugins.cli:
        if isinstance(plugin, LaterPlugin):
            plugin.on_cli_init(cli)

    def invoke(*arguments: str, typed: str = "") -> Result:
        return CliRunner().invoke(cli, arguments, input=typed)

    return invoke


def test_az4_the_first_admin_is_made_at_the_command_line(run: Run) -> None:
    made = run("users", "create-admin", "root@example.com", typed=f"{PASSWORD}\n{PASSWORD}\n")
    assert made.exit_code == 0, made.output
    assert "root@example.com is an admin." in made.output
    assert PASSWORD not in made.output
    again = run("users", "create-admin", "ROOT@example.com", "--password", PASSWORD)
    assert again.exit_code == 1
    assert "exists already" in again.output or "taken" in again.output


def test_a_role_is_set_and_an_account_disabled_and_enabled(run: Run) -> None:
    assert run("users", "create-admin", "second@example.com", "--password", PASSWORD).exit_code == 0
    assert run("users", "create-admin", "third@example.com", "--password", PASSWORD).exit_code == 0
    for arguments, told in (
        (("set-role", "third@example.com", "user"), "third@example.com has the role user."),
        (("disable", "third@example.com"), "third@example.com is disabled."),
        (("disable", "third@example.com", "--undo"), "third@example.com is enabled."),
    ):
        done = run("users", *arguments)
        assert (done.exit_code, done.output.strip()) == (0, told)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("set-role", "nobody@example.com", "admin"), "No account has this e-mail address"),
        (("set-role", "no address", "admin"), "email: Expected an e-mail address"),
        (("set-role", "a@example.com", "owner"), "'owner' is not one of"),
        (("create-admin", "no address", "--password", PASSWORD), "email:"),
        (("create-admin", "fourth@example.com", "--password", "password1"), "most common"),
        (("create-admin", "fourth@example.com", "--password", "short"), "password:"),
    ],
)
def test_what_cannot_be_done_is_told_in_a_sentence(run: Run, arguments: tuple[str, ...], told: str) -> None:
    refused = run("users", *arguments)
    assert refused.exit_code != 0
    assert told in refused.output
    assert "Traceback" not in refused.output


def test_tk2_keys_are_made_rotated_and_listed(run: Run, settings: Settings) -> None:
    assert run("keys", "list").exit_code == 1
    made = run("keys", "generate")
    assert made.exit_code == 0, made.output
    assert run("keys", "generate").exit_code == 1
    old = load_keyring(settings.signing_keys_file).signing_id
    rotated = run("keys", "rotate")
    assert "20 more minutes" in rotated.output
    new = load_keyring(settings.signing_keys_file).signing_id
    listed = run("keys", "list").output.splitlines()
    assert listed[0] == f"{new}  signs"
    assert listed[1].startswith(f"{old}  verifies until ")


def test_the_application_is_built_when_something_is_asked_of_it_that_a_command_is_not(settings: Settings) -> None:
    console = create_console(settings)
    assert "/api/me" in {route.path for route in console.routes}
    assert console.openapi_schema.info.title == "Evenstar"
    with pytest.raises(AttributeError):
        console.no_such_thing  # noqa: B018 -- asked for on purpose
