"""Requests that may be sent twice."""

from polyfactory import Use

from app.infrastructure.database.models import IdempotencyRecord
from db.factories.base import CHANCE, RowFactory


class IdempotencyRecordFactory(RowFactory[IdempotencyRecord]):
    """An answer that nobody can open, for nobody knows its key."""

    __model__ = IdempotencyRecord

    owner_hash = Use(CHANCE.randbytes, 32)
    key_hash = Use(CHANCE.randbytes, 32)
    fingerprint = Use(CHANCE.randbytes, 32)
    answer = Use(CHANCE.randbytes, 64)
