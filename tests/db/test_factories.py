import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import bcrypt
import msgspec
import pytest
from sqlalchemy import inspect, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.application.accounts.emails import canonical_email
from app.application.accounts.time_zones import checked_time_zone
from app.domain.accounts import check_password_length
from app.domain.todos import TodoStatus
from app.infrastructure.database.base import Model
from app.infrastructure.database.models import Todo
from db.factories import (
    NOW,
    PASSWORD,
    AuditEventFactory,
    CredentialsFactory,
    IdempotencyRecordFactory,
    InvitationFactory,
    MailTokenFactory,
    MembershipFactory,
    OccurrenceFactory,
    RefreshTokenFactory,
    RegistrationFactory,
    ReminderFactory,
    SessionFactory,
    SignInFailureFactory,
    TodoCreateFactory,
    TodoFactory,
    TodoListFactory,
    TodoUpdateFactory,
    UserFactory,
    inbox_of,
    reseed,
)
from db.factories.base import RequestFactory, RowFactory, made_up_id
from tests.db.schema import open_engine

pytestmark = pytest.mark.anyio

PROJECT = Path(__file__).resolve().parents[2]
ROWS: list[type[RowFactory[Any]]] = [
    UserFactory,
    SessionFactory,
    RefreshTokenFactory,
    MailTokenFactory,
    SignInFailureFactory,
    AuditEventFactory,
    IdempotencyRecordFactory,
    TodoListFactory,
    MembershipFactory,
    InvitationFactory,
    TodoFactory,
    OccurrenceFactory,
    ReminderFactory,
]
REQUESTS: list[type[RequestFactory[Any]]] = [
    RegistrationFactory,
    CredentialsFactory,
    TodoCreateFactory,
    TodoUpdateFactory,
]
SHOW_ALL = "from tests.db.test_factories import all_shown; print(*all_shown(), sep='\\n')"


def fields_of(row: Model) -> dict[str, object]:
    return {column.key: getattr(row, column.key) for column in inspect(type(row)).column_attrs}


def all_shown() -> list[str]:
    """Two of everything."""
    shown = [fields_of(factory.build()) for factory in ROWS * 2] + [factory.build() for factory in REQUESTS * 2]
    return [repr(each) for each in shown]


@pytest.fixture
async def session(database_url: str) -> AsyncIterator[AsyncSession]:
    engine = open_engine(database_url)
    async with AsyncSession(engine, expire_on_commit=False) as session:
        RowFactory.__async_session__ = session
        yield session
        RowFactory.__async_session__ = None
    await engine.dispose()


def test_every_model_has_a_factory() -> None:
    assert {type(factory.build()) for factory in ROWS} == {mapper.class_ for mapper in Model.registry.mappers}


def test_two_processes_make_the_same() -> None:
    other = subprocess.run(  # noqa: S603 -- this interpreter and the script above
        [sys.executable, "-c", SHOW_ALL], capture_output=True, check=True, cwd=PROJECT, env={}, text=True
    )
    reseed()
    assert all_shown() == other.stdout.splitlines()


def test_the_same_seed_makes_the_same_and_another_makes_nothing_of_it() -> None:
    def made(seed: int) -> list[dict[str, object]]:
        reseed(seed)
        return [fields_of(user) for user in UserFactory.batch(50)]

    first, other = made(1), made(2)
    assert first == made(1)
    for name in ("id", "email"):
        assert not {user[name] for user in first} & {user[name] for user in other}


def test_each_account_has_an_address_and_an_id_of_its_own() -> None:
    users = UserFactory.batch(1000)
    assert len({user.email_canonical for user in users}) == 1000
    ids = [user.id for user in users]
    assert sorted(set(ids)) == ids
    assert {(made.version, made.variant) for made in ids} == {(7, "specified in RFC 4122")}


def test_instants_are_the_fixed_clocks_unless_told() -> None:
    user = UserFactory.build()
    assert user.created_at == user.updated_at == NOW == datetime(2030, 1, 1, tzinfo=UTC)
    later = datetime(2031, 1, 1, tzinfo=UTC)
    assert UserFactory.build(created_at=later).created_at == later


def test_what_may_be_null_is_null_and_an_account_is_in_good_standing() -> None:
    for todo in TodoFactory.batch(20):
        assert (todo.notes, todo.completed_at) == (None, None)
    for user in UserFactory.batch(20):
        assert user.disabled_at is None
        assert user.email_verified_at == NOW


def test_the_password_belongs_to_the_hash() -> None:
    hashed = UserFactory.build().password_hash
    assert hashed is not None
    assert bcrypt.checkpw(PASSWORD.encode(), hashed.encode())


def test_who_an_address_is_follows_from_how_it_is_written() -> None:
    assert UserFactory.build(email="Ada@EXAMPLE.com").email_canonical == "ada@example.com"


@pytest.mark.parametrize("factory", ROWS, ids=lambda factory: factory.__name__)
def test_no_text_is_longer_than_its_column(factory: type[RowFactory[Model]]) -> None:
    for row in factory.batch(200):
        for column in inspect(type(row)).columns:
            value = getattr(row, column.key)
            assert value is None or column.computed is None
            if isinstance(value, str):
                assert 0 < len(value) <= cast("Any", column.type).length


@pytest.mark.parametrize("factory", REQUESTS, ids=lambda factory: factory.__name__)
def test_every_request_is_valid(factory: type[RequestFactory[msgspec.Struct]]) -> None:
    for request in factory.batch(200):
        wire = msgspec.json.encode(request)
        assert msgspec.json.decode(wire, type=type(request)) == request
        given = msgspec.structs.asdict(request)
        assert all(text == text.strip() for text in given.values() if isinstance(text, str))
        if "email" in given:
            assert canonical_email(given["email"]) == given["email"]
            check_password_length(given["password"])
        if "time_zone" in given:
            assert checked_time_zone(given["time_zone"]) == given["time_zone"]


async def test_rows_are_stored(session: AsyncSession) -> None:
    user = await UserFactory.create_async()
    sign_in = await SessionFactory.create_async(user_id=user.id)
    await RefreshTokenFactory.create_async(session_id=sign_in.id)
    await MailTokenFactory.create_async(user_id=user.id)
    await SignInFailureFactory.create_async()
    await AuditEventFactory.create_async(actor_id=user.id)
    shared = await TodoListFactory.create_async(owner_id=user.id)
    await MembershipFactory.create_async(list_id=shared.id, user_id=user.id)
    await InvitationFactory.create_async(list_id=shared.id)
    todos = await TodoFactory.create_batch_async(3, list_id=shared.id, assignee_id=user.id)
    await OccurrenceFactory.create_async(todo_id=todos[0].id)
    await ReminderFactory.create_async(todo_id=todos[0].id, user_id=user.id)
    await session.commit()
    found = await session.scalars(select(Todo).where(Todo.list_id == shared.id).order_by(Todo.position))
    assert [todo.id for todo in found] == [todo.id for todo in todos]


async def test_an_account_has_one_inbox(session: AsyncSession) -> None:
    user = await UserFactory.create_async()
    for row in inbox_of(user.id):
        session.add(row)
        await session.flush()
    with pytest.raises(IntegrityError, match="ix_lists_owner_id_inbox"):
        await TodoListFactory.create_async(owner_id=user.id, is_inbox=True)


@pytest.mark.usefixtures("session")
async def test_the_database_computes_what_it_computes() -> None:
    user = await UserFactory.create_async()
    made = await TodoListFactory.create_async(owner_id=user.id)
    assert not (await TodoFactory.create_async(list_id=made.id)).completed
    assert (await TodoFactory.create_async(list_id=made.id, status=TodoStatus.COMPLETED)).completed


@pytest.mark.usefixtures("session")
async def test_a_todo_of_no_list_is_not_stored() -> None:
    with pytest.raises(IntegrityError, match="fk_todos_list_id_lists"):
        await TodoFactory.create_async(list_id=made_up_id())
