"""The mails that a transaction causes."""

from uuid import UUID

from app.domain.mail import MailKind, MailOrder


class Outbox:
    """Takes orders in a transaction; they are handed on after its commit, and lost with it otherwise."""

    def __init__(self) -> None:
        self.orders: list[MailOrder] = []

    async def order(
        self, kind: MailKind, user_id: UUID | None, *, email: str | None = None, session_id: UUID | None = None
    ) -> None:
        """Have a mail sent; where there is no account to send it to, the work is the same."""
        self.orders.append(MailOrder(kind, user_id, email, session_id))
