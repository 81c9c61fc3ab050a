"""Ready-made rows and requests for anyone's tests: `from db.factories import TodoFactory`.

    ada = UserFactory.build(name="Ada")
    inbox, membership = inbox_of(ada.id)
    session.add_all([ada, inbox, membership, *TodoFactory.batch(3, list_id=inbox.id, created_by=ada.id)])

A factory fills in whatever is not told, validly and the same in every run; see `base` for how. Needs polyfactory,
which the product itself does without.
"""

from db.factories.accounts import (
    PASSWORD,
    AuditEventFactory,
    CredentialsFactory,
    MailTokenFactory,
    RefreshTokenFactory,
    RegistrationFactory,
    SessionFactory,
    SignInFailureFactory,
    UserFactory,
)
from db.factories.base import NOW, SEED, reseed
from db.factories.idempotency import IdempotencyRecordFactory
from db.factories.lists import InvitationFactory, MembershipFactory, TodoListFactory, inbox_of
from db.factories.todos import OccurrenceFactory, ReminderFactory, TodoCreateFactory, TodoFactory, TodoUpdateFactory

__all__ = [
    "NOW",
    "PASSWORD",
    "SEED",
    "AuditEventFactory",
    "CredentialsFactory",
    "IdempotencyRecordFactory",
    "InvitationFactory",
    "MailTokenFactory",
    "MembershipFactory",
    "OccurrenceFactory",
    "RefreshTokenFactory",
    "RegistrationFactory",
    "ReminderFactory",
    "SessionFactory",
    "SignInFailureFactory",
    "TodoCreateFactory",
    "TodoFactory",
    "TodoListFactory",
    "TodoUpdateFactory",
    "UserFactory",
    "inbox_of",
    "reseed",
]
