"""Ready-made rows and requests for anyone's tests: `from db.factories import TodoFactory`.

    ada = UserFactory.build(name="Ada")
    session.add_all([ada, *TodoFactory.batch(3, owner_id=ada.id)])

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
from db.factories.todos import TodoCreateFactory, TodoFactory, TodoUpdateFactory

__all__ = [
    "NOW",
    "PASSWORD",
    "SEED",
    "AuditEventFactory",
    "CredentialsFactory",
    "IdempotencyRecordFactory",
    "MailTokenFactory",
    "RefreshTokenFactory",
    "RegistrationFactory",
    "SessionFactory",
    "SignInFailureFactory",
    "TodoCreateFactory",
    "TodoFactory",
    "TodoUpdateFactory",
    "UserFactory",
    "reseed",
]
