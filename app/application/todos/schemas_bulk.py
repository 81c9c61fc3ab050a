"""What is asked of many todos at once, and what became of it."""

import datetime as dt
from enum import StrEnum
from typing import Annotated, Any, ClassVar, TypeAlias
from uuid import UUID

from msgspec import Meta

from app.application.schemas import MAX_SAFE_INTEGER, Command, View
from app.application.todos.schemas import Todo, TodoCreate, TodoUpdate
from app.application.todos.schemas_placing import TodoMove
from app.domain.todos import BULK_MAX

TodoId = Annotated[UUID, Meta(description="The todo.", examples=["01b77c3e-5c40-7b8e-9d4a-3f2b1c0d9e02"])]
IfMatch = Annotated[
    int,
    Meta(ge=1, le=MAX_SAFE_INTEGER, description="The version that you have seen: any other is refused.", examples=[1]),
]


class BulkCreate(Command, frozen=True, tag_field="op", tag="create"):
    """Write a todo down."""

    todo: TodoCreate


class BulkUpdate(Command, frozen=True, tag_field="op", tag="update"):
    """Change a todo."""

    id: TodoId
    todo: TodoUpdate
    if_match: IfMatch | None = None


class BulkComplete(Command, frozen=True, tag_field="op", tag="complete"):
    """Complete a todo, or the occurrence of it that is meant."""

    id: TodoId
    occurrence: Annotated[dt.date, Meta(description="The day that it is due on.", examples=["2030-01-31"])] | None = (
        None
    )


class BulkMove(Command, frozen=True, tag_field="op", tag="move"):
    """Move a todo."""

    id: TodoId
    to: TodoMove


class BulkDelete(Command, frozen=True, tag_field="op", tag="delete"):
    """Put a todo in the trash with all below it."""

    id: TodoId
    if_match: IfMatch | None = None


BulkOperation: TypeAlias = BulkCreate | BulkUpdate | BulkComplete | BulkMove | BulkDelete


class TodoBulk(Command, frozen=True):
    """What is to be done to todos, one after the other."""

    EXAMPLE: ClassVar[dict[str, Any]] = {
        "atomic": True,
        "operations": [
            {"op": "create", "todo": {"title": "Buy milk"}},
            {"op": "complete", "id": "01b77c3e-5c40-7b8e-9d4a-3f2b1c0d9e02"},
        ],
    }

    operations: Annotated[
        list[BulkOperation], Meta(min_length=1, max_length=BULK_MAX, description="What is to be done, in this order.")
    ]
    atomic: Annotated[bool, Meta(description="Whether nothing is done unless all of it can be.", examples=[True])]


class BulkStatus(StrEnum):
    """What became of an operation: it was done, refused, undone for another one's sake, or not come to."""

    DONE = "done"
    REFUSED = "refused"
    UNDONE = "undone"
    SKIPPED = "skipped"


class BulkProblem(View, frozen=True, gc=False):
    """Why an operation was refused: what its own route would have answered with."""

    code: Annotated[
        str,
        Meta(
            description="What was refused, for programs.",
            examples=["not_found"],
            extra_json_schema={"$ref": "#/components/schemas/ProblemCode"},
        ),
    ]
    title: Annotated[str, Meta(description="The code in words.", examples=["Not found"])]
    detail: Annotated[str, Meta(description="What was refused, for people.", examples=["Not found"])]
    issues: Annotated[
        list[Annotated[dict[str, Any], Meta(extra_json_schema={"$ref": "#/components/schemas/Issue"})]],
        Meta(description="The faults of its fields, each by its path in the request; none but of invalid ones."),
    ]


class BulkResult(View, frozen=True, gc=False):
    """What became of one operation."""

    index: Annotated[int, Meta(ge=0, lt=BULK_MAX, description="Its place among the operations.", examples=[0])]
    status: Annotated[BulkStatus, Meta(description="What became of it.")]
    todo: Annotated[
        Todo | None,
        Meta(description="The todo after it; null after a deletion. Of a stale version, the todo as it is now."),
    ]
    problem: Annotated[BulkProblem | None, Meta(description="Why it was refused; null if it was not.")]


class BulkResults(View, frozen=True, gc=False):
    """What became of the operations, in their order."""

    applied: Annotated[
        bool, Meta(description="Whether anything was kept: false where one refusal has undone all.", examples=[True])
    ]
    results: Annotated[list[BulkResult], Meta(description="One for each operation.")]
