"""What searches are asked and what they find."""

from typing import Annotated

from msgspec import Meta

from app.application.schemas import MAX_SAFE_INTEGER, Command, Cursor, Limit, NextCursor, View
from app.application.todos.schemas import ListId, Tag, Todo
from app.domain.todos import SEARCH_MAX


class SearchQuery(Command, frozen=True):
    """What is looked for, where, and which page of it."""

    q: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=SEARCH_MAX,
            description="Words as they begin, in any order and with or without accents; all of them are looked for. "
            "Titles that only look like it are found too. Nothing in it has a meaning of its own.",
            examples=["milk"],
        ),
    ]
    list_id: ListId | None = None
    limit: Limit = 20
    cursor: Cursor | None = None


class SearchHit(View, frozen=True, gc=False):
    """A todo that was found."""

    score: Annotated[
        int,
        Meta(
            ge=0,
            le=MAX_SAFE_INTEGER,
            description="How well it fits, by which hits are sorted: it compares hits of one search alone.",
            examples=[1482000],
        ),
    ]
    todo: Todo


class SearchPage(View, frozen=True, gc=False):
    """Some todos that were found, the best first, and where the next ones start."""

    items: Annotated[list[SearchHit], Meta(description="The todos of this page.")]
    next_cursor: NextCursor | None


class TagQuery(Command, frozen=True):
    """Whose tags."""

    list_id: ListId | None = None


class TagCount(View, frozen=True, gc=False):
    """A tag, and how many todos have it."""

    name: Tag
    count: Annotated[
        int, Meta(ge=1, le=MAX_SAFE_INTEGER, description="How many todos have it, done or not.", examples=[7])
    ]


class TagList(View, frozen=True, gc=False):
    """The tags in use, by name: the thousand that most todos have, where there are more."""

    items: Annotated[list[TagCount], Meta(description="The tags.")]
