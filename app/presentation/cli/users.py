"""`litestar users`: the first admin, and what must work when nobody can sign in."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import TypeVar

import click
from litestar.plugins import CLIPlugin

from app.application.accounts.emails import canonical_email
from app.application.accounts.schemas import Registration
from app.application.administration.schemas import ManagedUserUpdate
from app.application.administration.service import OPERATOR
from app.application.authentication import Authentication
from app.application.unit_of_work import UnitOfWork
from app.application.validation import convert
from app.domain.access import Origin, UserRole
from app.domain.errors import NotFound, Refusal, ValidationFailed

T = TypeVar("T")

Opened = AbstractAsyncContextManager[tuple[UnitOfWork, Authentication]]
ORIGIN = Origin(device="command line", address="")


class UsersPlugin(CLIPlugin):
    """Adds the commands; what they work with is opened when one of them runs."""

    def __init__(self, open_application: Callable[[], Opened]) -> None:
        self._open = open_application

    def on_cli_init(self, cli: click.Group) -> None:
        """Add `litestar users`."""
        users = click.Group("users", help="Make admins; change roles; disable accounts.")

        @users.command("create-admin")
        @click.argument("email")
        @click.option("--name", default="Administrator", show_default=True, help="What others are shown.")
        @click.password_option(help="Asked for when it is not given; better so, for others can read arguments.")
        def create_admin(email: str, name: str, password: str) -> None:
            """Make an account with the role admin."""
            self._run(lambda _, authentication: _create_admin(authentication, email, name, password))
            click.echo(f"{email} is an admin.")

        @users.command("set-role")
        @click.argument("email")
        @click.argument("role", type=click.Choice([role.value for role in UserRole]))
        def set_role(email: str, role: str) -> None:
            """Change an account's role; its sessions end with that."""
            self._run(lambda units, _: _update(units, email, ManagedUserUpdate(role=UserRole(role))))
            click.echo(f"{email} has the role {role}.")

        @users.command("disable")
        @click.argument("email")
        @click.option("--undo", is_flag=True, help="Enable it again.")
        def disable(email: str, *, undo: bool) -> None:
            """Disable an account; its sessions end with that."""
            self._run(lambda units, _: _update(units, email, ManagedUserUpdate(disabled=not undo)))
            click.echo(f"{email} is {'enabled' if undo else 'disabled'}.")

        cli.add_command(users)

    def _run(self, work: Callable[[UnitOfWork, Authentication], Awaitable[None]]) -> None:
        async def opened() -> None:
            async with self._open() as (units, authentication):
                await work(units, authentication)

        try:
            asyncio.run(opened())
        except ValidationFailed as refusal:
            faults = [f"{'.'.join(map(str, issue.path))}: {issue.message}" for issue in refusal.issues]
            raise click.ClickException("; ".join(faults)) from refusal
        except Refusal as refusal:
            raise click.ClickException(refusal.detail) from refusal


async def _create_admin(authentication: Authentication, email: str, name: str, password: str) -> None:
    data = convert(Registration, {"email": email, "name": name, "password": password})
    await authentication.create_account(data, ORIGIN, UserRole.ADMIN)


async def _update(units: UnitOfWork, email: str, data: ManagedUserUpdate) -> None:
    async with units.begin() as services:
        user = await services.accounts.find_by_canonical_email(canonical_email(email))
        if user is None:
            raise NotFound("No account has this e-mail address")
        await services.administration.update_user(OPERATOR, user.id, data)
