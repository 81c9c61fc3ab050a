"""Searches over todos, and the tags that they have."""

from collections.abc import Sequence
from typing import Any, Final, TypeVar
from uuid import UUID

import msgspec
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Float,
    Select,
    String,
    Subquery,
    Uuid,
    case,
    cast,
    func,
    literal,
    literal_column,
    select,
    true,
    tuple_,
    union,
)
from sqlalchemy.dialects.postgresql import array

from app.domain.access import Actor
from app.infrastructure.database.models import Membership, Todo
from app.infrastructure.database.repositories.projection import columns, maker
from app.infrastructure.database.repositories.visibility import shared_lists
from app.infrastructure.database.work import Repository

CANDIDATES: Final = 1_000
"""How many todos are ranked, of those that the words and of those that the looks of a title find."""

WINDOW: Final = 5_000
"""Among how many of the newest todos of a list matches are looked for where there are more than can be ranked."""

ALIKE: Final = 0.5
HARDLY_ALIKE: Final = 0.25
"""How much of a search's groups of three characters a title must have (`word_similarity` of pg_trgm)."""

TAGS_MAX: Final = 1_000
_LIVE: Final = Todo.deleted_at.is_(None)
_LIST: Final = literal_column("places.list_id", Uuid())

ViewT = TypeVar("ViewT", bound=msgspec.Struct)


class TodoSearchRepository(Repository[Todo]):
    """Finds todos by what is said in them."""

    model_type = Todo

    async def search(
        self,
        schema: type[ViewT],
        actor: Actor,
        q: str,
        list_id: UUID | None,
        *,
        limit: int,
        after: tuple[int, UUID] | None,
    ) -> list[tuple[int, ViewT]]:
        """The next `limit` todos behind the position, each with its score, the best first."""
        shown = columns(schema, Todo)
        statement = search_statement(shown, actor.id, q, list_id, limit=limit, after=after)
        make = maker(schema)
        return [(row[-1], make(row[:-1])) for row in await self.session.execute(statement)]

    async def count_tags(self, actor: Actor, list_id: UUID | None) -> Sequence[tuple[str, int]]:
        """The tags that most todos have, by name, and how many have each."""
        rows = await self.session.execute(tags_statement(actor.id, list_id))
        return [(row[0], row[1]) for row in rows]


def search_statement(
    shown: Sequence[Any], user_id: UUID, q: str, list_id: UUID | None, *, limit: int, after: tuple[int, UUID] | None
) -> Select[Any]:
    """The next `limit` todos that are found, and their scores.

    Scores are millionths: a number that a cursor holds exactly. Words in a title weigh more than those in notes, and
    the more of the title looks like what is searched for, the better.
    """
    lists = _places(user_id, list_id)
    folded = func.evenstar_fold(q)
    # without three characters in a row that mean anything there is nothing to look like
    looking = case((func.cardinality(func.show_trgm(folded)) > 0, folded))
    query = select(func.evenstar_prefixes(q).label("words"), looking.label("looks")).cte("query")
    words = select(query.c.words).scalar_subquery()
    looks = select(query.c.looks).scalar_subquery()
    said = _of_lists(lists, _in_list(), Todo.search.bool_op("@@")(words)).cte("said")
    count = select(func.count()).select_from(said).scalar_subquery()
    many = count >= CANDIDATES
    # the index answers by the lower bound; where words are found, what hardly looks like them is not wanted
    enough = case((count > 0, literal(ALIKE, Float())), else_=literal(HARDLY_ALIKE, Float()))
    alike = _of_lists(
        lists,
        _in_list(),
        ~many,
        Todo.folded_title.bool_op("%>")(looks),
        func.word_similarity(looks, Todo.folded_title) >= enough,
    )
    newest = (
        select(Todo.id, Todo.search)
        .where(Todo.list_id == _LIST, _LIVE, many)
        .order_by(Todo.created_at.desc(), Todo.id.desc())
        .limit(WINDOW)
        .lateral("newest")
    )
    recent = (
        select(newest.c.id)
        .select_from(lists.join(newest, true()))
        .where(newest.c.search.bool_op("@@")(words))
        .limit(CANDIDATES)
    )
    found = union(select(said.c.id), select(alike.subquery()), select(recent.subquery())).subquery("found")
    fit = (
        func.coalesce(func.ts_rank(Todo.search, words), 0)
        + func.coalesce(func.word_similarity(looks, Todo.folded_title), 0)
        # a tenth for the title as a whole decides between those that have the words
        + func.coalesce(func.similarity(looks, Todo.folded_title), 0) * literal_column("0.1")
    )
    score = cast(func.round(fit * literal_column("1000000")), BigInteger).label("score")
    ranked = select(*shown, score).join(found, found.c.id == Todo.id).subquery("ranked")
    page = select(ranked).order_by(ranked.c.score.desc(), ranked.c.id.desc()).limit(limit)
    if after is None:
        return page
    position = tuple_(literal(after[0], BigInteger()), literal(after[1], Uuid()))
    return page.where(tuple_(ranked.c.score, ranked.c.id) < position)


def tags_statement(user_id: UUID, list_id: UUID | None) -> Select[tuple[str, int]]:
    """The tags that most todos have, by name."""
    lists = _places(user_id, list_id)
    tagged = (
        select(func.unnest(Todo.tags, type_=String).label("name")).where(Todo.list_id == _LIST, _LIVE).lateral("tagged")
    )
    count = func.count().label("count")
    name = tagged.c.name
    most = (
        select(name, count)
        .select_from(lists.join(tagged, true()))
        .group_by(name)
        .order_by(count.desc(), name)
        .limit(TAGS_MAX)
        .subquery("most")
    )
    return select(most.c.name, most.c.count).order_by(func.evenstar_fold(most.c.name), most.c.name)


def _of_lists(lists: Subquery, *conditions: ColumnElement[bool]) -> Select[tuple[UUID]]:
    """Todos of these lists, as many as are ranked."""
    found = select(Todo.id).where(_LIVE, *conditions).limit(CANDIDATES).lateral("matching")
    return select(found.c.id).select_from(lists.join(found, true())).limit(CANDIDATES)


def _places(user_id: UUID, list_id: UUID | None) -> Subquery:
    lists = shared_lists(user_id)
    return (lists if list_id is None else lists.where(Membership.list_id == list_id)).subquery("places")


def _in_list() -> ColumnElement[bool]:
    """In the list, in the words of the index that knows what todos say."""
    return array([Todo.list_id]).contains(array([_LIST]))
