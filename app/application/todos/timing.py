"""What is asked about due dates and recurrence, as the domain has it and as it is stored."""

import datetime as dt
from typing import Any, overload
from zoneinfo import ZoneInfo

from app.application.todos.schemas import DueInput, RecurrenceInput
from app.domain.due import Due
from app.domain.recurrence import Recurrence
from app.domain.rrule import Rule
from app.infrastructure.database import models


@overload
def due_of(given: DueInput) -> Due: ...
@overload
def due_of(given: DueInput | None) -> Due | None: ...
def due_of(given: DueInput | None) -> Due | None:
    """The due date that is asked for; raises `InvalidDue`."""
    return None if given is None else Due(given.date, given.time, given.time_zone)


def recurrence_of(given: RecurrenceInput | None) -> Recurrence | None:
    """The recurrence that is asked for; raises `InvalidRecurrence`."""
    return None if given is None else Recurrence(Rule.parse(given.rule), given.anchor, given.time_zone)


def stored_due(todo: models.Todo) -> Due | None:
    """The due date of a row."""
    return None if todo.due_date is None else Due(todo.due_date, todo.due_time, todo.due_time_zone)


def stored_recurrence(todo: models.Todo) -> Recurrence | None:
    """The recurrence of a row."""
    if todo.recurrence_rule is None or todo.recurrence_anchor is None or todo.recurrence_time_zone is None:
        return None
    return Recurrence(Rule.parse(todo.recurrence_rule), todo.recurrence_anchor, todo.recurrence_time_zone)


def due_values(due: Due | None, zone: dt.tzinfo) -> dict[str, Any]:
    """The columns of a due date; `zone` serves one without its own."""
    if due is None:
        return dict.fromkeys(("due_date", "due_time", "due_time_zone", "due_at"))
    return {
        "due_date": due.date,
        "due_time": due.time,
        "due_time_zone": due.time_zone,
        "due_at": due.instant(zone),
    }


def recurrence_values(recurrence: Recurrence | None, due: Due | None) -> dict[str, Any]:
    """The columns of a recurrence whose series begins with this due date; raises `InvalidRecurrence`."""
    if recurrence is None:
        names = ("rule", "anchor", "time_zone", "start", "used")
        return dict.fromkeys(f"recurrence_{name}" for name in names)
    recurrence.check(due)
    return {
        "recurrence_rule": str(recurrence.rule),
        "recurrence_anchor": recurrence.anchor,
        "recurrence_time_zone": recurrence.time_zone,
        "recurrence_start": None if due is None else due.date,
        "recurrence_used": 1,
    }


def zone_of(due: Due | None, recurrence: Recurrence | None) -> dt.tzinfo | None:
    """The time zone in which the due date counts, as far as it or its recurrence tells."""
    name = recurrence.time_zone if recurrence is not None else due.time_zone if due is not None else "UTC"
    return None if name is None else ZoneInfo(name)
