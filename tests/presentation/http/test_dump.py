"""Whoever reads the whole database, as from a lost backup, signs in as nobody."""

from base64 import b64decode, urlsafe_b64encode
from http.cookies import SimpleCookie
from uuid import UUID

import httpx
import pytest
from litestar import Litestar
from sqlalchemy import select

from app.domain.accounts import MailPurpose
from app.infrastructure.database.base import Model
from db.factories.accounts import PASSWORD
from tests.presentation.http.mails import token_to

pytestmark = pytest.mark.anyio

EMAIL = "dumped@example.com"

Row = tuple[str, UUID]


async def dumped(app: Litestar) -> dict[Row, list[object]]:
    """Every value of every table, by table and row."""
    tables = [table for table in Model.metadata.sorted_tables if "id" in table.columns]
    assert {"users", "sessions", "refresh_tokens", "mail_tokens", "idempotency_records"} <= {t.name for t in tables}
    async with app.state.unit_of_work.database.engine.connect() as connection:
        return {(table.name, row.id): list(row) for table in tables for row in await connection.execute(select(table))}


async def leave_secrets(app: Litestar, client: httpx.AsyncClient) -> dict[str, str]:
    """Come by every secret there is: those that still open something, in whatever way they were asked for."""
    person = {"email": EMAIL, "password": PASSWORD, "name": "Ada"}
    first = (await client.post("/api/auth/register", json=person, headers={"Idempotency-Key": "dump-1"})).json()
    credentials = {"email": EMAIL, "password": PASSWORD}
    second = (await client.post("/api/auth/login", json=credentials)).json()
    by_cookie = await client.post(
        "/api/auth/login", json={**credentials, "transport": "cookie"}, headers={"Idempotency-Key": "dump-2"}
    )
    client.cookies.clear()
    body = {"refreshToken": second["refreshToken"]}
    third = (await client.post("/api/auth/refresh", json=body, headers={"Idempotency-Key": "dump-3"})).json()
    await client.post("/api/auth/forgot-password", json={"email": EMAIL})
    secrets = {
        "password": PASSWORD,
        "cookie": SimpleCookie(by_cookie.headers["set-cookie"])["__Secure-refresh"].value,
        "verification": await token_to(app, EMAIL, MailPurpose.VERIFY_EMAIL),
        "reset": await token_to(app, EMAIL, MailPurpose.RESET_PASSWORD),
        **{f"key {number}": f"dump-{number}" for number in (1, 2, 3)},
    }
    for name, pair in {"registration": first, "sign-in": second, "refresh": third}.items():
        secrets |= {f"access token of the {name}": pair["accessToken"], f"token of the {name}": pair["refreshToken"]}
    return secrets


def spellings(secret: str) -> list[bytes]:
    """A secret as it may stand in a dump: itself, and the bytes that it writes down in base64."""
    found = [secret.encode()]
    for part in secret.split("."):
        with_padding = part.replace("-", "+").replace("_", "/") + "=" * (-len(part) % 4)
        if len(part) >= 32:
            found.append(b64decode(with_padding))
    return found


async def test_rt1_a_dump_of_the_database_signs_nobody_in(app: Litestar, client: httpx.AsyncClient) -> None:
    before = await dumped(app)
    secrets = await leave_secrets(app, client)
    rows = {row: values for row, values in (await dumped(app)).items() if row not in before}
    assert len({table for table, _ in rows}) >= 5
    values = {value for row in rows.values() for value in row if isinstance(value, str | bytes)}
    written = b"\n".join(value.encode() if isinstance(value, str) else value for value in values)
    for name, secret in secrets.items():
        assert not any(spelling in written for spelling in spellings(secret)), name

    # and what does stand there opens nothing, however it is written
    for value in values:
        raw = value.encode() if isinstance(value, str) else value
        for attempt in {raw.hex(), urlsafe_b64encode(raw).rstrip(b"=").decode(), raw.decode("latin-1")}:
            if 0 < len(attempt) <= 128:
                await assert_opens_nothing(client, attempt)
    refreshed = await client.post("/api/auth/refresh", json={"refreshToken": secrets["token of the refresh"]})
    assert refreshed.status_code == 200


async def assert_opens_nothing(client: httpx.AsyncClient, attempt: str) -> None:
    reset = {"token": attempt, "password": "another horse battery staple"}
    for path, body in {
        "/api/auth/refresh": {"refreshToken": attempt},
        "/api/auth/verify-email": {"token": attempt},
        "/api/auth/reset-password": reset,
    }.items():
        answer = await client.post(path, json=body)
        assert answer.status_code in {400, 401, 422}, (path, answer.text)
    if attempt.isascii() and attempt.isprintable():
        me = await client.get("/api/me", headers={"Authorization": f"Bearer {attempt}"})
        assert me.status_code == 401
