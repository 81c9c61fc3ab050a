"""Every URL under which hosts hand out a PostgreSQL leads to it, as safely as it asks for."""

import asyncio
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url, text

from app.infrastructure.database.engine import connection_target, open_database
from tests.certificates import Certificate
from tests.live.forwarder import forwarded

HERE = "SELECT current_database() || ' of ' || system_identifier FROM pg_control_system()"


def where(url: str) -> str:
    """Which database of which server answers."""

    async def ask() -> str:
        database = open_database(url, pool_size=1, statement_timeout=5)
        try:
            async with database.reads() as session:
                return str(await session.scalar(text(HERE)))
        finally:
            await database.engine.dispose()

    return asyncio.run(ask())


@pytest.fixture(scope="module")
def socket(database_url: str) -> Path:
    return Path(str(make_url(database_url).query["host"])) / ".s.PGSQL.5432"


@pytest.fixture(scope="module")
def name(database_url: str) -> str:
    return f"postgres@{{}}/{make_url(database_url).database}"


@pytest.fixture(scope="module")
def plain_port(socket: Path) -> Iterator[int]:
    """Of a server that offers no TLS."""
    with forwarded(socket) as port:
        yield port


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return Certificate.make(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def tls_port(socket: Path, certificate: Certificate) -> Iterator[int]:
    """Of a server that offers TLS, with a certificate for localhost which only itself vouches for."""
    with forwarded(socket, certificate, "when asked") as port:
        yield port


@pytest.mark.parametrize(
    "url",
    [
        "postgres://{name}?host={directory}",
        "postgresql://{name}?host={directory}",
        "postgresql+asyncpg://{name}?host={directory}",
        "postgresql://{name}?host={directory}&sslmode=disable",
        "postgresql://{name}?host={directory}&sslmode=prefer&connect_timeout=3&application_name=other",
    ],
)
def test_every_spelling_of_a_socket_leads_to_the_same_server(
    url: str, database_url: str, socket: Path, name: str
) -> None:
    assert where(url.format(name=name.format(""), directory=socket.parent)) == where(database_url)


@pytest.mark.parametrize(
    "options",
    ["", "?sslmode=disable", "?sslmode=allow", "?sslmode=prefer", "?target_session_attrs=any&channel_binding=prefer"],
)
@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+asyncpg"])
def test_every_spelling_of_a_host_leads_to_the_same_server(
    scheme: str, options: str, database_url: str, plain_port: int, name: str
) -> None:
    url = f"{scheme}://{name.format(f'127.0.0.1:{plain_port}')}{options}"
    assert where(url) == where(database_url)


@pytest.mark.parametrize("mode", ["prefer", "require", "verify-ca", "verify-full"])
def test_a_server_that_proves_itself_is_reached_in_every_mode(
    mode: str, database_url: str, tls_port: int, name: str, certificate: Certificate
) -> None:
    url = f"postgresql://{name.format(f'localhost:{tls_port}')}?sslmode={mode}&sslrootcert={certificate.certificate}"
    assert where(url) == where(database_url)


@pytest.mark.parametrize("mode", ["prefer", "require"])
def test_without_a_root_certificate_these_modes_trust_any_server(
    mode: str, database_url: str, tls_port: int, name: str
) -> None:
    assert where(f"postgresql://{name.format(f'localhost:{tls_port}')}?sslmode={mode}") == where(database_url)


@pytest.mark.parametrize("mode", ["verify-ca", "verify-full"])
def test_a_server_that_nobody_vouches_for_is_refused(mode: str, tls_port: int, name: str) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        where(f"postgresql://{name.format(f'localhost:{tls_port}')}?sslmode={mode}")


def test_only_verify_full_looks_at_the_host(
    database_url: str, tls_port: int, name: str, certificate: Certificate
) -> None:
    url = f"postgresql://{name.format(f'127.0.0.1:{tls_port}')}?sslrootcert={certificate.certificate}&sslmode="
    assert where(f"{url}verify-ca") == where(database_url)
    with pytest.raises(ssl.SSLCertVerificationError, match="IP address mismatch"):
        where(f"{url}verify-full")


def test_require_is_not_content_with_a_server_without_tls(plain_port: int, name: str) -> None:
    with pytest.raises(ConnectionError):
        where(f"postgresql://{name.format(f'127.0.0.1:{plain_port}')}?sslmode=require")


@pytest.mark.parametrize(
    ("mode", "given"),
    [("disable", False), ("allow", "allow"), ("prefer", "prefer"), ("require", "require")],
)
def test_modes_that_look_at_no_certificate_are_asyncpgs_own(mode: str, given: Any) -> None:
    target, arguments = connection_target(f"postgres://host/name?sslmode={mode}")
    assert arguments["ssl"] == given
    assert target.drivername == "postgresql+asyncpg"
    assert not target.query


def test_what_the_url_says_of_user_password_and_place_is_kept() -> None:
    target, arguments = connection_target("postgres://a%40b:p%2Fw@host:6543/name?host=/run/postgresql")
    assert (target.username, target.password, target.host, target.port) == ("a@b", "p/w", "host", 6543)
    assert (target.database, target.query["host"]) == ("name", "/run/postgresql")
    assert "ssl" not in arguments


def test_options_of_other_drivers_are_named_and_their_values_are_not() -> None:
    with pytest.raises(ValueError, match=r"mean nothing here: pgbouncer, schema$"):
        connection_target("postgres://host/name?schema=public&pgbouncer=true&sslmode=require")


@pytest.mark.parametrize("url", ["mysql://host/name", "postgresql+psycopg://host/name", "postgres://h/n?sslmode=maybe"])
def test_what_is_no_such_url_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ValueError, match=r"^DATABASE_URL ") as refusal:
        connection_target(url)
    assert "host" not in str(refusal.value)
