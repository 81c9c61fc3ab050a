"""Every environment variable that Evenstar reads: once, at start-up, with all faults reported at once."""

from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Any, Final, Literal, get_type_hints

from msgspec import Struct

from app.settings import parsing as form
from app.settings.parsing import RateLimit
from app.settings.sources import Fault, SettingsError, process_environment, read_variable
from app.settings.variable import Variable, rate_limit

__all__ = ["RateLimit", "Settings", "SettingsError"]


class Settings(Struct, frozen=True, kw_only=True):
    """What the environment says; secrets stay out of its representation."""

    app_env: Annotated[
        Literal["development", "production", "test"],
        Variable(
            "General",
            "Where this process runs. Production has no lenient defaults and refuses unsafe values.",
            form.one_of("development", "production", "test"),
            default="development",
        ),
    ]
    debug: Annotated[
        bool,
        Variable(
            "General",
            "Whether unexpected errors are shown in answers.",
            form.SWITCH,
            default="false",
            in_production=form.OFF,
        ),
    ]
    base_url: Annotated[
        str,
        Variable(
            "General",
            "The origin under which clients reach this service; the links in its mails begin with it.",
            form.WEB_ORIGIN,
            default="http://127.0.0.1:8000",
            required=True,
            in_production=form.HTTPS,
        ),
    ]
    data_dir: Annotated[
        Path,
        Variable(
            "General",
            "The directory for what is made in development: embedded servers' data and generated keys.",
            form.PATH,
            default=".data",
        ),
    ]
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"],
        Variable(
            "General",
            "The least severity that is logged.",
            form.one_of("debug", "info", "warning", "error"),
            default="info",
        ),
    ]
    log_format: Annotated[
        Literal["auto", "json", "pretty"],
        Variable(
            "General",
            "How logs are written; auto is pretty on a terminal and JSON elsewhere.",
            form.one_of("auto", "json", "pretty"),
            default="auto",
        ),
    ]

    database_url: Annotated[
        str | None,
        Variable(
            "PostgreSQL and Valkey",
            "The PostgreSQL database. Without it, an embedded one under DATA_DIR is started.",
            form.DATABASE_URL,
            required=True,
            in_production=form.OWN_PASSWORD,
            secret=True,
            example="postgresql://evenstar:example-password@127.0.0.1:5432/evenstar",
        ),
    ]
    database_pool_size: Annotated[
        int,
        Variable(
            "PostgreSQL and Valkey",
            "The most connections that one process opens to PostgreSQL.",
            form.integer(1, 500),
            default="10",
        ),
    ]
    database_timeout_seconds: Annotated[
        int,
        Variable(
            "PostgreSQL and Valkey",
            "The seconds after which PostgreSQL gives up a statement.",
            form.integer(1, 60),
            default="5",
        ),
    ]
    redis_url: Annotated[
        str | None,
        Variable(
            "PostgreSQL and Valkey",
            "The Valkey or Redis server. Without it, an embedded one under DATA_DIR is started.",
            form.REDIS_URL,
            required=True,
            in_production=form.OWN_PASSWORD,
            secret=True,
            example="redis://:example-password@127.0.0.1:6379/0",
        ),
    ]

    allowed_hosts: Annotated[
        tuple[str, ...],
        Variable(
            "HTTP",
            "The hosts that requests may name. With none, every host may be named.",
            form.list_of(form.HOST),
            default="",
            required=True,
            in_production=form.EXACT,
            example="127.0.0.1,localhost",
        ),
    ]
    cors_origins: Annotated[
        tuple[str, ...],
        Variable(
            "HTTP",
            "The origins whose pages may call this service from a browser.",
            form.list_of(form.ORIGIN),
            default="",
            in_production=form.EXACT,
            example="http://localhost:3000,http://localhost:5173",
        ),
    ]
    trusted_proxies: Annotated[
        tuple[IPv4Network | IPv6Network, ...],
        Variable(
            "HTTP",
            "The proxies whose word about the client's address is taken.",
            form.list_of(form.NETWORK),
            default="",
            example="10.0.0.0/8,::1",
        ),
    ]

    secret_key: Annotated[
        str | None,
        Variable(
            "Secrets and tokens",
            "The key that signs cursors and the like; `openssl rand -hex 32` makes one. "
            "Without it, one is generated under DATA_DIR.",
            form.SECRET,
            required=True,
            in_production=form.UNPREDICTABLE,
            secret=True,
            example="example-key-that-production-refuses-to-take",
        ),
    ]
    signing_keys_file: Annotated[
        Path,
        Variable(
            "Secrets and tokens",
            "The file of the private JWK Set whose ES256 keys sign access tokens. "
            "Outside production it is made where it is missing.",
            form.PATH,
            default="$DATA_DIR/signing-keys.json",
            required=True,
            in_production=form.PRIVATE_FILE,
        ),
    ]
    jwt_issuer: Annotated[
        str,
        Variable("Secrets and tokens", "The issuer (iss) of access tokens.", form.TEXT, default="$BASE_URL"),
    ]
    jwt_audience: Annotated[
        str,
        Variable("Secrets and tokens", "The audience (aud) of access tokens.", form.TEXT, default="evenstar"),
    ]
    bcrypt_cost: Annotated[
        int,
        Variable(
            "Secrets and tokens",
            "The cost of password hashes; each step up doubles the work.",
            form.integer(10, 12),
            default="12",
        ),
    ]

    auth_email_verification: Annotated[
        Literal["optional", "required"],
        Variable(
            "Accounts and mail",
            "Whether an address must be verified before its account may sign in.",
            form.one_of("optional", "required"),
            default="optional",
            production_default="required",
        ),
    ]
    smtp_url: Annotated[
        str | None,
        Variable(
            "Accounts and mail",
            "The server that takes mails: `smtps` is TLS from the start, `smtp` changes over to it (STARTTLS), and "
            "must where there is a password. Without it, mails are kept and shown at /dev/mailbox.",
            form.SMTP_URL,
            required=True,
            in_production=form.OWN_PASSWORD,
            secret=True,
            example="smtp://evenstar:example-password@127.0.0.1:587",
        ),
    ]
    mail_from: Annotated[
        str,
        Variable(
            "Accounts and mail",
            "The sender of all mails.",
            form.MAILBOX,
            default="Evenstar <no-reply@localhost>",
            required=True,
        ),
    ]
    frontend_url: Annotated[
        str | None,
        Variable(
            "Accounts and mail",
            "The origin of the pages that the links of mails lead to, /auth/verify-email and /auth/reset-password, "
            "with the token as `#token=`. Without it, these are plain pages of this service.",
            form.WEB_ORIGIN,
            in_production=form.HTTPS,
            example="http://localhost:3000",
        ),
    ]

    rate_limit_login: Annotated[RateLimit, rate_limit("Sign-ins of one client address.", "1000/60", "10/60")]
    rate_limit_login_hour: Annotated[
        RateLimit, rate_limit("Sign-ins of one client address in the long run.", "10000/3600", "100/3600")
    ]
    rate_limit_register: Annotated[RateLimit, rate_limit("Registrations of one client address.", "1000/3600", "5/3600")]
    rate_limit_refresh: Annotated[RateLimit, rate_limit("Refreshes of one session's tokens.", "1000/60", "30/60")]
    rate_limit_forgot: Annotated[
        RateLimit, rate_limit("Password resets asked for by one client address.", "1000/3600", "10/3600")
    ]
    rate_limit_forgot_account: Annotated[
        RateLimit, rate_limit("Password resets asked for one account.", "1000/3600", "3/3600")
    ]
    rate_limit_api: Annotated[
        RateLimit, rate_limit("All other requests of one user or client address.", "100000/60", "600/60")
    ]

    @classmethod
    def load(cls, environ: Mapping[str, str] | None = None) -> "Settings":
        """The settings in `environ`, by default the process's own, in development with its `.env` file.

        Raises `SettingsError`, which names every variable at fault and repeats no value.
        """
        environ, faults = process_environment() if environ is None else (environ, [])
        texts: dict[str, str] = {}
        values: dict[str, Any] = {}
        for field, variable in VARIABLES.items():
            name = field.upper()
            production = values.get("app_env") == "production"
            try:
                text = read_variable(name, environ)
                text = variable.absent(texts, production=production) if text is None else text
                values[field] = variable.read(text, production=production)
            except SettingsError as error:
                faults.extend(error.faults)
            except Fault as fault:
                faults.append((name, str(fault)))
            else:
                texts[name] = text or ""
        if faults:
            raise SettingsError(faults)
        return cls(**values)

    def __repr__(self) -> str:
        """All fields, with a secret's presence in place of the secret."""
        return f"Settings({', '.join(f'{name}={value!r}' for name, value in self.__rich_repr__())})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        """The same for tracebacks and consoles that Rich draws."""
        shown = [(field, variable, getattr(self, field)) for field, variable in VARIABLES.items()]
        return [(field, "***" if variable.secret and value else value) for field, variable, value in shown]


VARIABLES: Final[dict[str, Variable]] = {
    field: hint.__metadata__[0] for field, hint in get_type_hints(Settings, include_extras=True).items()
}
