"""Rules a reader of this code may rely on; each test is one of them."""

import types
from pathlib import Path
from typing import Annotated, Any, Union, get_args, get_origin

import msgspec
import pytest
from litestar import Litestar, get
from litestar.routes import HTTPRoute

from app.application.accounts import schemas as accounts
from app.application.lists import schemas as lists
from app.application.schemas import Patch
from app.application.sharing import schemas as sharing
from app.application.todos import schemas as todos
from app.application.todos.schemas_lifecycle import Occurrence
from app.application.todos.schemas_reminders import Reminder
from app.asgi import create_app
from app.domain.errors import Kind, catalogue
from app.infrastructure.database import models
from app.infrastructure.database.base import Model
from app.infrastructure.database.errors import REFUSALS
from app.infrastructure.database.repositories.projection import columns as projected
from app.presentation.http.guards import PUBLIC, PUBLIC_KEY, assert_guarded
from app.presentation.http.problems import STATUS
from app.settings import Settings
from tests.presentation.http.test_access import PUBLIC as PUBLIC_ROUTES

VIEWS: list[tuple[type[msgspec.Struct], tuple[type[Model], ...]]] = [
    (accounts.User, (models.User,)),
    (lists.TodoList, (models.TodoList, models.Membership)),
    (sharing.Member, (models.Membership, models.User)),
    (sharing.Invitation, (models.Invitation,)),
    (todos.Todo, (models.Todo,)),
    (Occurrence, (models.Occurrence,)),
    (Reminder, (models.Reminder,)),
]


@pytest.fixture(scope="module")
def app() -> Litestar:
    return create_app(Settings.load({"APP_ENV": "test"}))


def names(struct: type[msgspec.Struct]) -> set[str]:
    return {field.name for field in msgspec.structs.fields(struct)}


def allows_none(annotation: Any) -> bool:
    if get_origin(annotation) is Annotated:
        return allows_none(get_args(annotation)[0])
    if get_origin(annotation) in {Union, types.UnionType}:
        return any(allows_none(part) for part in get_args(annotation))
    return annotation is type(None)


@pytest.mark.parametrize(
    ("create", "update", "placing"),
    [
        (lists.ListCreate, lists.ListUpdate, set[str]()),
        (todos.TodoCreate, todos.TodoUpdate, {"id", "list_id", "parent_id"}),
    ],
)
def test_an_update_offers_the_fields_of_its_create_but_for_its_place(
    create: type[msgspec.Struct], update: type[Patch], placing: set[str]
) -> None:
    assert names(create) == names(update) | placing
    assert not names(update) & placing
    assert all(field.default is msgspec.UNSET for field in msgspec.structs.fields(update))
    shared = {field.name: field.type for field in msgspec.structs.fields(create)}
    for field in msgspec.structs.fields(update):
        assert allows_none(field.type) == allows_none(shared[field.name]), field.name


@pytest.mark.parametrize(("view", "joined"), VIEWS)
def test_a_view_is_nullable_where_its_column_is(view: type[msgspec.Struct], joined: tuple[type[Model], ...]) -> None:
    for field in msgspec.structs.fields(view):
        assert field.required, f"{field.name} has a default, so the document could not require it"
        # a Struct within is null where the first of its columns is
        (first, *_) = projected(msgspec.defstruct("One", [(field.name, field.type)]), *joined)
        assert first.nullable == allows_none(field.type), field.name


@pytest.mark.parametrize("view", [view for view, _ in VIEWS])
def test_az3_no_view_shows_a_secret(view: type[msgspec.Struct]) -> None:
    assert not {name for name in names(view) if "password" in name or "hash" in name}


def test_az1_every_route_is_guarded_or_says_that_it_is_public(app: Litestar) -> None:
    assert_guarded(app)
    public = {
        f"{method} {route.path}"
        for route in app.routes
        if isinstance(route, HTTPRoute)
        for handler in route.route_handlers
        if handler.opt.get(PUBLIC_KEY)
        for method in handler.http_methods
        if method != "OPTIONS"
    }
    assert public == PUBLIC_ROUTES


def test_az1_start_up_fails_with_a_route_that_is_neither() -> None:
    @get("/open")
    async def forgotten() -> None: ...

    @get("/fine", opt=PUBLIC)
    async def meant() -> None: ...

    assert_guarded(Litestar([meant], openapi_config=None))
    with pytest.raises(RuntimeError, match="neither guarded nor marked public"):
        assert_guarded(Litestar([forgotten], openapi_config=None))


def test_every_refusal_has_its_own_code_and_says_what_it_means() -> None:
    codes = [refusal.code for refusal in catalogue()]
    assert len(codes) == len(set(codes))
    for refusal in catalogue():
        assert "code" in vars(refusal), f"{refusal.__name__} borrows the code of another"
        assert "title" in vars(refusal)
        assert (refusal.__doc__ or "").strip()
        assert refusal.code == refusal.code.lower().replace("-", "_")


def test_every_kind_of_refusal_has_a_status_of_its_own() -> None:
    assert set(STATUS) == set(Kind)
    assert len(set(STATUS.values())) == len(STATUS)


def test_every_constraint_that_people_can_violate_has_a_refusal() -> None:
    constraints = {
        str(constraint.name)
        for table in Model.metadata.sorted_tables
        for constraint in table.constraints
        if type(constraint).__name__ in {"UniqueConstraint", "ForeignKeyConstraint"}
    }
    # made by the server alone, from 256 random bits and from rows it holds locked
    ours = {
        "uq_refresh_tokens_token_hash",
        "fk_refresh_tokens_session_id_sessions",
        "uq_mail_tokens_token_hash",
        "uq_idempotency_records_owner_hash_key_hash",
        "uq_sign_in_failures_account_hash",
        "uq_invitations_token_hash",
    }
    # the one primary key that clients may choose
    assert set(REFUSALS) == (constraints - ours) | {"pk_todos"}


def test_no_module_is_longer_than_three_hundred_lines() -> None:
    for folder in ("app", "db", "tests"):
        for path in Path(folder).rglob("*.py"):
            # what Node's packages bring along is theirs
            assert "node_modules" in path.parts or len(path.read_text().splitlines()) <= 300, path
