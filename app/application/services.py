"""The services of one unit of work, and what they need beside its database."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cached_property
from uuid import UUID

from app.application.accounts.audit import AuditService
from app.application.accounts.mail_tokens import MailTokenService
from app.application.accounts.outbox import Outbox
from app.application.accounts.service import AccountService
from app.application.accounts.sessions import SessionService
from app.application.accounts.throttling import SignInThrottle
from app.application.administration.service import AdministrationService
from app.application.idempotency import IdempotencyService
from app.application.lists.service import ListService
from app.application.paging import CursorCodec
from app.application.sharing.service import SharingService
from app.application.todos.bulk import TodoBulkService
from app.application.todos.lifecycle import TodoLifecycle
from app.application.todos.listing import TodoListing
from app.application.todos.occurrences import OccurrenceService
from app.application.todos.pages import RememberedPages
from app.application.todos.placing import TodoPlacing
from app.application.todos.reminders import ReminderService
from app.application.todos.searching import TodoSearch
from app.application.todos.service import TodoService
from app.application.todos.trash import TodoTrash
from app.domain.ports import Clock, MailQueue
from app.infrastructure.database.errors import database_refusals
from app.infrastructure.database.repositories.accounts import (
    RefreshTokenRepository,
    SessionRepository,
    SignInFailureRepository,
    UserRepository,
)
from app.infrastructure.database.repositories.audit import AuditRepository
from app.infrastructure.database.repositories.idempotency import IdempotencyRepository
from app.infrastructure.database.repositories.lists import ListRepository
from app.infrastructure.database.repositories.mail_tokens import MailTokenRepository
from app.infrastructure.database.repositories.occurrences import OccurrenceRepository
from app.infrastructure.database.repositories.reminders import ReminderRepository
from app.infrastructure.database.repositories.sharing import InvitationRepository, MembershipRepository
from app.infrastructure.database.repositories.todos import TodoRepository
from app.infrastructure.database.repositories.todos_places import TodoPlaceRepository
from app.infrastructure.database.repositories.todos_searching import TodoSearchRepository
from app.infrastructure.database.repositories.todos_trash import TodoTrashRepository
from app.infrastructure.database.repositories.todos_trees import TodoTreeRepository
from app.infrastructure.database.work import Work


@dataclass(frozen=True, slots=True)
class Tools:
    """What services need beside the database."""

    clock: Clock
    cursors: CursorCodec
    refresh_key: bytes
    idempotency_key: bytes
    mail_queue: MailQueue
    pages: RememberedPages


class Services:
    """The services of one unit of work; each is made when it is first asked for."""

    def __init__(self, session: Work, tools: Tools) -> None:
        self._session = session
        self._tools = tools
        self.outbox = Outbox()

    @cached_property
    def accounts(self) -> AccountService:
        """Accounts."""
        return AccountService(
            UserRepository(session=self._session),
            self.sessions,
            self.audit,
            self._tools.clock,
            released=self._release_everywhere,
        )

    @cached_property
    def sessions(self) -> SessionService:
        """Sign-ins."""
        return SessionService(
            SessionRepository(session=self._session),
            RefreshTokenRepository(session=self._session),
            self._tools.clock,
            self._tools.refresh_key,
        )

    @cached_property
    def sign_in_throttle(self) -> SignInThrottle:
        """Failed sign-ins."""
        return SignInThrottle(SignInFailureRepository(session=self._session), self._tools.clock)

    @cached_property
    def mail_tokens(self) -> MailTokenService:
        """Tokens that travel by mail."""
        return MailTokenService(MailTokenRepository(session=self._session), self._tools.clock)

    @cached_property
    def audit(self) -> AuditService:
        """The audit log."""
        return AuditService(AuditRepository(session=self._session), self._tools.clock)

    @cached_property
    def administration(self) -> AdministrationService:
        """Other people's accounts."""
        return AdministrationService(
            UserRepository(session=self._session),
            AuditRepository(session=self._session),
            sessions=self.sessions,
            audit=self.audit,
            clock=self._tools.clock,
            cursors=self._tools.cursors,
        )

    @cached_property
    def idempotency(self) -> IdempotencyService:
        """Requests that may be sent twice."""
        return IdempotencyService(
            IdempotencyRepository(session=self._session), self._tools.clock, self._tools.idempotency_key
        )

    @cached_property
    def sharing(self) -> SharingService:
        """Members of lists, and invitations."""
        return SharingService(
            MembershipRepository(session=self._session),
            InvitationRepository(session=self._session),
            audit=self.audit,
            clock=self._tools.clock,
            cursors=self._tools.cursors,
            released=self._release,
        )

    @cached_property
    def lists(self) -> ListService:
        """Lists."""
        return ListService(
            ListRepository(session=self._session),
            MembershipRepository(session=self._session),
            sharing=self.sharing,
            audit=self.audit,
            clock=self._tools.clock,
            cursors=self._tools.cursors,
        )

    @cached_property
    def todos(self) -> TodoService:
        """Todos."""
        return TodoService(
            TodoRepository(session=self._session),
            TodoTreeRepository(session=self._session),
            ReminderRepository(session=self._session),
            UserRepository(session=self._session),
            life=self.todo_lifecycle,
            clock=self._tools.clock,
        )

    @cached_property
    def todo_listing(self) -> TodoListing:
        """Pages of todos."""
        return TodoListing(TodoRepository(session=self._session), self._tools.cursors, self._tools.pages)

    @cached_property
    def todo_lifecycle(self) -> TodoLifecycle:
        """The life of todos."""
        return TodoLifecycle(
            TodoRepository(session=self._session),
            TodoTreeRepository(session=self._session),
            OccurrenceRepository(session=self._session),
            ReminderRepository(session=self._session),
            self._tools.clock,
        )

    @cached_property
    def todo_placing(self) -> TodoPlacing:
        """Where todos stand."""
        return TodoPlacing(
            TodoTreeRepository(session=self._session),
            TodoPlaceRepository(session=self._session),
            life=self.todo_lifecycle,
            clock=self._tools.clock,
        )

    @cached_property
    def todo_trash(self) -> TodoTrash:
        """The trash."""
        return TodoTrash(
            TodoTreeRepository(session=self._session),
            TodoPlaceRepository(session=self._session),
            TodoTrashRepository(session=self._session),
            ListRepository(session=self._session),
            life=self.todo_lifecycle,
            clock=self._tools.clock,
            cursors=self._tools.cursors,
        )

    @cached_property
    def occurrences(self) -> OccurrenceService:
        """What became of recurring todos' occurrences."""
        return OccurrenceService(
            OccurrenceRepository(session=self._session),
            TodoTreeRepository(session=self._session),
            self._tools.cursors,
        )

    @cached_property
    def reminders(self) -> ReminderService:
        """Reminders of todos."""
        return ReminderService(
            ReminderRepository(session=self._session),
            TodoTreeRepository(session=self._session),
            self._tools.clock,
        )

    async def _release(self, list_id: UUID, user_id: UUID) -> None:
        """End the assignments and the reminders that a person had in a list."""
        await TodoRepository(session=self._session).release(list_id, user_id, self._tools.clock.now())

    async def _release_everywhere(self, user_id: UUID) -> None:
        """End the assignments that a person had in any list; what else was theirs goes with their account."""
        await TodoTreeRepository(session=self._session).release(user_id, self._tools.clock.now())

    @cached_property
    def todo_search(self) -> TodoSearch:
        """What is found in todos."""
        return TodoSearch(TodoSearchRepository(session=self._session), self._tools.cursors)

    @cached_property
    def todo_bulk(self) -> TodoBulkService:
        """Many todos at once; what is written of them from here on stands or falls together."""
        self._session.join()
        return TodoBulkService(
            self.todos,
            self.todo_lifecycle,
            self.todo_placing,
            TodoTreeRepository(session=self._session),
            self._attempt,
        )

    @asynccontextmanager
    async def _attempt(self) -> AsyncGenerator[None]:
        """A part of the transaction that may fail by itself."""
        with database_refusals():
            async with self._session.session.begin_nested():
                yield
