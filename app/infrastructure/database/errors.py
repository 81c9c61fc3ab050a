"""Turns what the database objects to into the refusal it stands for."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Final

from advanced_alchemy.exceptions import AdvancedAlchemyError
from asyncpg import IntegrityConstraintViolationError, InterfaceError, PostgresConnectionError, PostgresError
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from app.domain.accounts import EmailTaken, InvalidCredentials
from app.domain.errors import Conflict, NotFound, Refusal, Unauthenticated, Unavailable
from app.domain.lifecycle import ParentNotFound
from app.domain.ordering import PositionTaken
from app.domain.sharing import AlreadyMember, NotAMember
from app.domain.todos import ReminderExists, TodoExists

REFUSALS: Final[Mapping[str, type[Refusal]]] = {
    "uq_users_email_canonical": EmailTaken,
    "fk_sessions_user_id_users": InvalidCredentials,
    "fk_lists_owner_id_users": Unauthenticated,
    "fk_memberships_user_id_users": Unauthenticated,
    "fk_memberships_list_id_lists": NotFound,
    "fk_invitations_list_id_lists": NotFound,
    "fk_todos_list_id_lists": NotFound,
    "fk_todos_parent_id_todos": ParentNotFound,
    "fk_todos_list_id_assignee_id_memberships": NotAMember,
    "fk_occurrences_todo_id_todos": NotFound,
    "fk_reminders_todo_id_todos": NotFound,
    "fk_reminders_user_id_users": Unauthenticated,
    "pk_todos": TodoExists,
    "uq_lists_owner_id_position": PositionTaken,
    "uq_memberships_list_id_user_id": AlreadyMember,
    "uq_reminders_todo_id_user_id_fire_at": ReminderExists,
    "uq_todos_list_id_parent_id_position": PositionTaken,
    "fk_mail_tokens_user_id_users": Unauthenticated,
}

# SQLSTATE (PostgreSQL 18 manual, appendix A) of what may succeed when tried again, and in how many seconds.
RETRY_AFTER: Final[Mapping[str, int]] = {
    "40001": 1,  # serialization_failure
    "40P01": 1,  # deadlock_detected
    "53100": 30,  # disk_full
    "53200": 5,  # out_of_memory
    "53300": 1,  # too_many_connections
    "55P03": 1,  # lock_not_available
    "57014": 1,  # query_canceled, by statement_timeout
    "57P01": 1,  # admin_shutdown
    "57P02": 1,  # crash_shutdown
    "57P03": 1,  # cannot_connect_now
}


# a connection refused or reset, one that ended under a statement, and a pool with none to give
_AWAY: Final = (OSError, TimeoutError, PostgresConnectionError, PoolTimeoutError)


@contextmanager
def database_refusals() -> Generator[None]:
    """Name the refusal behind a violated constraint and behind a database that is away; let bugs through."""
    try:
        yield
    except (SQLAlchemyError, AdvancedAlchemyError, PostgresError, InterfaceError, OSError) as error:
        refusal = refusal_for(error)
        if refusal is None:
            raise
        raise refusal from error


def refusal_for(error: BaseException) -> Refusal | None:
    """The refusal that a failure of the database stands for, or None when it is a fault of ours."""
    integrity = False
    link: BaseException | None = error
    while link is not None:
        constraint = getattr(link, "constraint_name", None)
        if isinstance(constraint, str) and constraint in REFUSALS:
            return REFUSALS[constraint]()
        state = getattr(link, "sqlstate", None)
        if isinstance(state, str) and (state in RETRY_AFTER or state.startswith("08")):
            return Unavailable("The database is busy or away", retry_after=RETRY_AFTER.get(state, 1))
        if isinstance(link, _AWAY) or (isinstance(link, DBAPIError) and link.connection_invalidated):
            return Unavailable("The database is busy or away", retry_after=1)
        integrity = integrity or isinstance(link, (IntegrityError, IntegrityConstraintViolationError))
        link = link.__cause__ or link.__context__
    return Conflict() if integrity else None
