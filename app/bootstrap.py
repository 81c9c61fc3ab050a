"""Wires the parts: the only place where settings become engines, stores, adapters and services."""

import hmac
import secrets
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from litestar.stores.redis import RedisStore

from app.application.accounts.throttling import Quotas
from app.application.authentication import Authentication
from app.application.delivery import MailDelivery
from app.application.housekeeping import Housekeeping
from app.application.paging import CursorCodec
from app.application.todos.pages import RememberedPages
from app.application.unit_of_work import Tools, UnitOfWork
from app.application.verification import Verification
from app.domain.ports import Clock, Limit, MailQueue
from app.foundation import addresses, refuse_superuser
from app.infrastructure.cache.client import make_redis
from app.infrastructure.cache.leases import LeasedThrottle
from app.infrastructure.cache.throttle import RedisThrottle
from app.infrastructure.database.engine import Database, open_database
from app.infrastructure.mail.composer import LetterComposer
from app.infrastructure.mail.mailbox import MailboxMailer
from app.infrastructure.mail.queue import LocalMailQueue
from app.infrastructure.mail.smtp import SmtpMailer
from app.infrastructure.observability.health import Health
from app.infrastructure.security.files import write_once
from app.infrastructure.security.passwords import BcryptHasher
from app.infrastructure.security.revocations import Revocations
from app.infrastructure.security.tokens import AccessTokens
from app.settings import Settings

RATE_LIMITS: Final = "rate_limits"
"""The name of the rate limits' store in the application's store registry."""


@dataclass(frozen=True, slots=True)
class Runtime:
    """Everything a running process serves with."""

    database: Database
    store: RedisStore
    throttle: LeasedThrottle
    limits: Mapping[str, Limit]
    health: Health
    revocations: Revocations
    unit_of_work: UnitOfWork
    authentication: Authentication
    verification: Verification
    mail_queue: LocalMailQueue
    mailbox: MailboxMailer


@asynccontextmanager
async def start(settings: Settings, tokens: AccessTokens, clock: Clock) -> AsyncGenerator[Runtime]:
    """Open everything, and close it at the end; raises `UnsafeDatabaseRole`."""
    where = addresses(settings)
    database = open_database(
        where.database_url,
        pool_size=settings.database_pool_size,
        statement_timeout=settings.database_timeout_seconds,
    )
    # health and the feed of ended sessions have connections of their own: a full pool must not read as a death
    watching = open_database(where.database_url, pool_size=2, statement_timeout=1)
    redis = make_redis(where.redis_url)
    hasher = BcryptHasher(settings.bcrypt_cost)
    try:
        if settings.app_env == "production":
            await refuse_superuser(database.engine)
        store = RedisStore(redis, namespace="evenstar")
        throttle = LeasedThrottle(RedisThrottle(store))
        limits = _limits(settings)
        quotas = Quotas(throttle, limits)
        mail_queue = LocalMailQueue()
        mailbox = MailboxMailer(redis, clock)
        mailer = SmtpMailer(settings.smtp_url, settings.mail_from, clock) if settings.smtp_url else mailbox
        unit_of_work = UnitOfWork(database, _tools(settings, clock, mail_queue))
        delivery = MailDelivery(unit_of_work, LetterComposer(settings.frontend_url or settings.base_url), mailer)
        revocations = Revocations(watching.statements, clock)
        async with (
            revocations.kept_up(),
            mail_queue.served_by(delivery.deliver),
            throttle.settled(),
            Housekeeping(unit_of_work).kept_up(),
        ):
            yield Runtime(
                database=database,
                store=store,
                throttle=throttle,
                limits=limits,
                health=Health(watching.engine, redis),
                unit_of_work=unit_of_work,
                authentication=Authentication(
                    unit_of_work,
                    hasher,
                    tokens,
                    quotas,
                    verified_only=settings.auth_email_verification == "required",
                ),
                verification=Verification(unit_of_work, hasher, quotas, clock),
                revocations=revocations,
                mail_queue=mail_queue,
                mailbox=mailbox,
            )
    finally:
        hasher.close()
        await redis.aclose()
        await watching.close()
        await database.close()


def shows_mailbox(settings: Settings) -> bool:
    """Whether mails are kept and shown instead of sent; never in production."""
    return settings.smtp_url is None and settings.app_env != "production"


def _tools(settings: Settings, clock: Clock, mail_queue: MailQueue) -> Tools:
    secret = settings.secret_key or _development_secret(settings.data_dir)
    return Tools(
        clock=clock,
        cursors=CursorCodec(_derived(secret, "cursors")),
        refresh_key=_derived(secret, "refresh tokens"),
        mail_queue=mail_queue,
        pages=RememberedPages(),
        idempotency_key=_derived(secret, "idempotent answers"),
    )


def _derived(secret: str, purpose: str) -> bytes:
    """A key of its own for each purpose, so that no use of one tells anything of another (NIST SP 800-108)."""
    return hmac.digest(secret.encode(), purpose.encode(), "sha256")


def _development_secret(data_dir: Path) -> str:
    """A secret made once and kept, so that sign-ins outlive a restart."""
    path = data_dir / "secret-key"
    write_once(path, secrets.token_urlsafe(48))
    return path.read_text()


def _limits(settings: Settings) -> Mapping[str, Limit]:
    configured = {
        "login": settings.rate_limit_login,
        "login-hour": settings.rate_limit_login_hour,
        "register": settings.rate_limit_register,
        "refresh": settings.rate_limit_refresh,
        # whoever shows a token guesses nothing, and offices share an address
        "tokens": settings.rate_limit_api,
        "forgot": settings.rate_limit_forgot,
        "resend": settings.rate_limit_forgot,
        "forgot-account": settings.rate_limit_forgot_account,
        "resend-account": settings.rate_limit_forgot_account,
        "register-account": settings.rate_limit_forgot_account,
        "email-change": settings.rate_limit_forgot_account,
    }
    ordinary = settings.rate_limit_api
    return {
        **{name: Limit(name, rate.quota, rate.window) for name, rate in configured.items()},
        # without Redis these stay open, where the ones above are held by each process alone
        "api": Limit("api", ordinary.quota, ordinary.window, strict=False),
    }
