"""The HTTP composition root: what `litestar run` and any ASGI server serve."""

import logging
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any, Final, cast

from litestar import Litestar
from litestar.config.cors import CORSConfig
from litestar.di import Provide
from litestar.exceptions import HTTPException

from app import bootstrap
from app.domain.errors import Refusal
from app.domain.ports import Clock
from app.foundation import SystemClock, access_tokens
from app.infrastructure.observability.logs import configure_logging
from app.infrastructure.observability.requests import record
from app.presentation.http.accounts import AuthController
from app.presentation.http.administration import AuditController, UserController
from app.presentation.http.application import Application
from app.presentation.http.auth import BearerMiddleware, bearer_auth
from app.presentation.http.bodies import StructBody
from app.presentation.http.dependencies import COMMON
from app.presentation.http.docs import openapi_config
from app.presentation.http.guards import assert_guarded
from app.presentation.http.idempotency import Replay, on_replay
from app.presentation.http.lists import AcceptanceController, ListController
from app.presentation.http.mailbox import MailboxController
from app.presentation.http.me import MeController
from app.presentation.http.methods import MethodsPlugin
from app.presentation.http.middleware import Envelope
from app.presentation.http.openapi import DocumentPlugin, document
from app.presentation.http.pages import AccountPages
from app.presentation.http.parameters import read_parameters
from app.presentation.http.problems import on_exception, on_http_exception, on_refusal
from app.presentation.http.reminders import OccurrenceController, ReminderController
from app.presentation.http.responses import RowResponse
from app.presentation.http.sharing import InvitationController, MemberController
from app.presentation.http.shortcut import Shortcut
from app.presentation.http.system import HealthController, SystemController
from app.presentation.http.todos import TodoController
from app.presentation.http.todos_bulk import TodoBulkController
from app.presentation.http.todos_lifecycle import TodoLifecycleController
from app.presentation.http.todos_placing import TodoPlacingController, TrashController
from app.presentation.http.todos_searching import TodoSearchController
from app.presentation.http.verification import VerificationController
from app.settings import Settings, SettingsError

VERSION = version("evenstar")
BODY_MAX = 1024 * 1024

EXPOSED_HEADERS = ["ETag", "Location", "Retry-After", "RateLimit", "RateLimit-Policy", "X-Request-Id"]

# the kinds in the order in which they are tried
EXCEPTION_HANDLERS: Final[dict[Any, Any]] = {
    Refusal: on_refusal,
    Replay: on_replay,
    HTTPException: on_http_exception,
    Exception: on_exception,
}

_logger = logging.getLogger("app.serve")


def create_app(settings: Settings | None = None, clock: Clock | None = None) -> Litestar:
    """Build the application; without settings it reads the environment, and exits when that has faults."""
    if settings is None:
        try:
            settings = Settings.load()
        except SettingsError as error:
            raise SystemExit(str(error)) from None
    clock = clock or SystemClock()
    tokens = access_tokens(settings, clock)
    configure_logging(settings.log_level, settings.log_format)

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncGenerator[None]:
        async with bootstrap.start(settings, tokens, clock) as runtime:
            app.stores.register(bootstrap.RATE_LIMITS, runtime.store, allow_override=True)
            app.state.update(
                unit_of_work=runtime.unit_of_work,
                authentication=runtime.authentication,
                verification=runtime.verification,
                mail_queue=runtime.mail_queue,
                mailbox=runtime.mailbox,
                throttle=runtime.throttle,
                limits=runtime.limits,
                health=runtime.health,
                revocations=runtime.revocations,
            )
            _logger.info("ready", extra={"pid": os.getpid()})
            yield
            _logger.info("stopping", extra={"pid": os.getpid()})
            runtime.health.stopping = True

    auth = bearer_auth(tokens)
    app = Application(
        route_handlers=[
            AuthController,
            VerificationController,
            AccountPages,
            MeController,
            ListController,
            MemberController,
            InvitationController,
            AcceptanceController,
            TodoController,
            TodoLifecycleController,
            TodoBulkController,
            TodoPlacingController,
            TodoSearchController,
            TrashController,
            OccurrenceController,
            ReminderController,
            UserController,
            AuditController,
            HealthController,
            SystemController,
            *([MailboxController] if bootstrap.shows_mailbox(settings) else []),
        ],
        dependencies={name: Provide(provide) for name, provide in COMMON.items()},
        before_request=read_parameters,
        dto=StructBody,
        return_dto=None,
        response_class=RowResponse,
        request_max_body_size=BODY_MAX,
        exception_handlers=EXCEPTION_HANDLERS,
        cors_config=CORSConfig(
            allow_origins=list(settings.cors_origins),
            expose_headers=EXPOSED_HEADERS,
            allow_methods=["GET", "HEAD", "POST", "PATCH", "DELETE"],
            max_age=600,
            # the refresh cookie goes to listed origins alone
            allow_credentials=True,
        ),
        openapi_config=openapi_config(title="Evenstar", version=VERSION, document=document),
        on_app_init=[auth.on_app_init],
        lifespan=[lifespan],
        plugins=[DocumentPlugin(), MethodsPlugin()],
        logging_config=None,
        # given outright, so that LITESTAR_DEBUG cannot turn it on behind the settings' back
        debug=settings.debug,
    )
    app.state.access_tokens = tokens
    app.state.own_origins = frozenset({settings.base_url, *settings.cors_origins})
    assert_guarded(app)
    # Litestar's CORS stands around all of it, and is nothing to requests that name no origin
    cors = cast("Any", app.asgi_handler)
    shortcut = cors.app = Shortcut(
        app, cors.app, cast("BearerMiddleware", auth.middleware(cors.app)), EXCEPTION_HANDLERS
    )
    app.asgi_handler = Envelope(
        app=cors,
        shortcut=shortcut,
        allowed_hosts=frozenset(settings.allowed_hosts) - {"*"},
        trusted_proxies=settings.trusted_proxies,
        strict_transport=settings.app_env == "production",
        observe=record,
    )
    return app
