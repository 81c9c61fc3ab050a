"""The audit log: who did what to whom, from where, when, and how it ended."""

from uuid import UUID

from app.domain.access import Actor, Origin
from app.domain.accounts import ADDRESS_MAX, DEVICE_MAX
from app.domain.auditing import Outcome
from app.domain.ports import Clock
from app.infrastructure.database import models
from app.infrastructure.database.repositories.audit import AuditRepository


class AuditService:
    """Writes down what happened, in the transaction in which it did."""

    def __init__(self, events: AuditRepository, clock: Clock) -> None:
        self._events = events
        self._clock = clock

    async def record(
        self,
        action: str,
        outcome: Outcome,
        *,
        actor: Actor | None = None,
        origin: Origin | None = None,
        subject_id: UUID | None = None,
        detail: str | None = None,
    ) -> None:
        """Write one event; `detail` holds no secret and nothing that people wrote."""
        origin = origin or (actor.origin if actor is not None else None)
        now = self._clock.now()
        await self._events.add(
            models.AuditEvent(
                action=action,
                outcome=outcome,
                actor_id=actor.id if actor is not None else None,
                session_id=actor.session_id if actor is not None else None,
                subject_id=subject_id,
                device=origin.device[:DEVICE_MAX] if origin is not None else None,
                address=origin.address[:ADDRESS_MAX] if origin is not None else None,
                detail=detail,
                created_at=now,
                updated_at=now,
            ),
            auto_refresh=False,
        )
