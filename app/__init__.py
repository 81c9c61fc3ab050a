"""Evenstar, the backend of a to-do product."""

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from litestar import Litestar


def create_app() -> "Litestar":
    """Build what `litestar run` serves, from the environment; for the command line itself, its commands.

    Litestar's command line looks here first; among the modules below it would look in no certain order.
    """
    from app.infrastructure.memory import loading  # noqa: PLC0415 -- importing a layer must not import all of them

    with loading():
        if "litestar.cli" in sys.modules:
            from app.console import create_console as build  # noqa: PLC0415 -- the same
        else:
            from app.asgi import create_app as build  # noqa: PLC0415 -- the same
        return build()
