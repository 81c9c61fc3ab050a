"""What all factories share: one source of chance, one clock that stands still, and ids that count.

Two processes that build the same things in the same order get the same rows. `reseed` begins another such order.
"""

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final, TypeVar
from uuid import UUID

import msgspec
from faker import Faker
from polyfactory.factories.msgspec_factory import MsgspecFactory
from polyfactory.factories.sqlalchemy_factory import SQLAlchemyFactory, SQLAlchemyPersistenceMethod
from polyfactory.field_meta import FieldMeta
from polyfactory.utils.predicates import is_optional
from sqlalchemy import Column

from app.domain.ordering import key_of
from app.infrastructure.database.base import Model

ModelT = TypeVar("ModelT", bound=Model)
StructT = TypeVar("StructT", bound=msgspec.Struct)

NOW: Final = datetime(2030, 1, 1, tzinfo=UTC)
"""The instant at which everything is made, unless a test says otherwise."""

SEED: Final = 2030

CHANCE: Final = Random()  # noqa: S311 -- made-up data, the same each time
FAKER: Final = Faker("en_GB")

_made = 0


def reseed(seed: int = SEED) -> None:
    """Begin the order of things that belongs to this seed; ids and addresses of two seeds do not meet."""
    global _made  # noqa: PLW0603 -- one count, beside the one source of chance
    _made = 0
    CHANCE.seed(seed)
    FAKER.seed_instance(seed)


def made_up_id() -> UUID:
    """A UUIDv7 (RFC 9562 5.7) of the millisecond after the one before, so that ids sort as they are made."""
    global _made  # noqa: PLW0603 -- as above
    _made += 1
    milliseconds = (NOW + timedelta(milliseconds=_made) - datetime.fromtimestamp(0, UTC)) // timedelta(milliseconds=1)
    return UUID(int=milliseconds << 80 | 7 << 76 | CHANCE.getrandbits(12) << 64 | 2 << 62 | CHANCE.getrandbits(62))


def made_up_position() -> str:
    """The position behind those that were made before."""
    return key_of(made_up_id().int >> 80)


def made_up_email() -> str:
    """An address that nobody else has; example.com is nobody's (RFC 2606)."""
    return f"{FAKER.first_name().lower()}.{CHANCE.getrandbits(48):012x}@example.com"


reseed()


class RowFactory(SQLAlchemyFactory[ModelT]):
    """Fills a row's columns as the model declares them: what may be NULL is NULL, and instants are `NOW`.

    `build` makes a row; `create_async` also flushes it, through the session that `__async_session__` is set to,
    and leaves the commit to whoever opened that.
    """

    __is_base_factory__ = True
    __random__ = CHANCE
    __faker__ = FAKER
    __set_relationships__ = False
    __set_association_proxy__ = False
    __persistence_method__ = SQLAlchemyPersistenceMethod.FLUSH

    version = 1

    @classmethod
    def get_provider_map(cls) -> dict[Any, Any]:
        """Ids, instants and hashes (SHA-256's 32 bytes) are made by the sources above."""
        made = {UUID: made_up_id, datetime: lambda: NOW, bytes: lambda: CHANCE.randbytes(32)}
        return super().get_provider_map() | made

    @classmethod
    def should_column_be_set(cls, column: Any) -> bool:
        """Leave alone what the database computes."""
        return super().should_column_be_set(column) and not (isinstance(column, Column) and column.computed)

    @classmethod
    def should_set_none_value(cls, field_meta: FieldMeta) -> bool:
        """Chance does not decide whether an account is disabled."""
        return is_optional(field_meta.annotation)


class RequestFactory(MsgspecFactory[StructT]):
    """Fills a request's fields with what the Struct takes."""

    __is_base_factory__ = True
    __random__ = CHANCE
    __faker__ = FAKER
