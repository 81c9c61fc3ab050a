"""The command line's composition root: commands at once, and the application when one of them asks for it.

What a command works with is imported by it alone: the whole application takes most of a second to load.
"""
# ruff: noqa: PLC0415 -- see above

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from litestar import Litestar
from litestar.plugins import CLIPlugin, PluginProtocol, PluginRegistry

from app.infrastructure.processes import CannotStart
from app.presentation.cli.later import LaterPlugin
from app.presentation.cli.serve import Served, ServePlugin
from app.settings import Settings, SettingsError

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

    from app.application.authentication import Authentication
    from app.application.unit_of_work import UnitOfWork


class Console(Litestar):
    """An application with nothing but its commands, which becomes the whole one when anything else is asked of it."""

    def __init__(self, plugins: list[PluginProtocol], build: Callable[[], Litestar]) -> None:
        # Litestar's own would build an application there and then; these are what its command line asks for
        self._build: Callable[[], Litestar] | None = build
        self.plugins = PluginRegistry(plugins)
        self.logging_config = None

    def __getattr__(self, name: str) -> Any:
        """Called for what is not there yet; raises `AttributeError` for what never will be."""
        build = self.__dict__.pop("_build", None)
        if build is None:
            raise AttributeError(name=name, obj=self)
        whole = build()
        for kind in Litestar.__mro__[:-1]:
            for slot in vars(kind)["__slots__"]:
                if hasattr(whole, slot):
                    setattr(self, slot, getattr(whole, slot))
        return getattr(self, name)


def create_console(settings: Settings | None = None) -> Console:
    """Build it; without settings it reads the environment, and exits when that has faults."""
    try:
        known = settings or Settings.load()
    except SettingsError as error:
        raise SystemExit(str(error)) from None
    return Console(_plugins(known), lambda: _application(known))


def _plugins(settings: Settings) -> list[PluginProtocol]:
    def database() -> CLIPlugin:
        from app.presentation.cli.database import migrations_plugin

        return migrations_plugin(lambda: _open_engine(settings))

    def client() -> CLIPlugin:
        from app.presentation.cli.client import ClientPlugin
        from app.presentation.http.openapi import document

        return ClientPlugin(lambda: document(_application(settings)), settings.data_dir / "cache")

    def keys() -> CLIPlugin:
        from app.presentation.cli.keys import KeysPlugin

        return KeysPlugin(settings.signing_keys_file)

    def users() -> CLIPlugin:
        from app.presentation.cli.users import UsersPlugin

        return UsersPlugin(lambda: _opened(settings))

    def prune() -> CLIPlugin:
        from app.presentation.cli.prune import PrunePlugin

        return PrunePlugin(lambda: _opened(settings))

    return [
        ServePlugin(lambda: _configure_logging(settings), lambda: _prepare(settings), settings.data_dir),
        LaterPlugin("database", "Manage the database's schema.", database),
        LaterPlugin("client", "Make clients of the API.", client),
        LaterPlugin("keys", "Make, rotate and list the keys that sign access tokens.", keys),
        LaterPlugin("users", "Make admins; change roles; disable accounts.", users),
        LaterPlugin("prune", "Delete what was kept for long enough.", prune),
    ]


def _application(settings: Settings) -> Litestar:
    from app.asgi import create_app

    return create_app(settings)


def _configure_logging(settings: Settings) -> None:
    from app.infrastructure.observability.logs import configure_logging

    configure_logging(settings.log_level, settings.log_format)


def _open_engine(settings: Settings) -> "AsyncEngine":
    from app.foundation import open_engine

    _configure_logging(settings)
    return open_engine(settings)


@asynccontextmanager
async def _opened(settings: Settings) -> "AsyncGenerator[tuple[UnitOfWork, Authentication]]":
    """What the application works with, and no HTTP about it."""
    from app import bootstrap
    from app.foundation import SystemClock, access_tokens

    _configure_logging(settings)
    clock = SystemClock()
    async with bootstrap.start(settings, access_tokens(settings, clock), clock) as runtime:
        yield runtime.unit_of_work, runtime.authentication


def _prepare(settings: Settings) -> Served:
    """Before the workers start: bring up and look at what they need; in production migrating is a step of its own."""
    import asyncio

    from app import foundation
    from app.infrastructure.embedded import EmbeddedServersError
    from app.infrastructure.security.keys import KeyFileError
    from app.presentation.cli.database import upgrade
    from app.presentation.cli.readiness import require_migrated, told_plainly

    async def require_production_database(engine: "AsyncEngine") -> None:
        await foundation.refuse_superuser(engine)
        await require_migrated(engine)

    try:
        where = foundation.addresses(settings)
        foundation.access_tokens(settings, foundation.SystemClock()).keys.current()
    except (EmbeddedServersError, KeyFileError) as error:
        raise CannotStart(str(error)) from error
    except OSError as error:
        raise CannotStart(f"{error.filename} cannot be made: {error.strerror}") from error
    with told_plainly():
        try:
            engine = foundation.open_engine(settings)
        except ValueError as error:
            raise CannotStart(str(error)) from error
        if settings.app_env == "production":
            asyncio.run(require_production_database(engine))
        else:
            upgrade(engine)
    return Served(data="your servers" if where.embedded is None else str(where.embedded.data_dir))
