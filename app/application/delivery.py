"""What becomes of an order for a mail: a token is made, the mail is written, then sent, with no transaction open."""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from app.application.unit_of_work import UnitOfWork
from app.domain.accounts import MailPurpose
from app.domain.mail import MailKind, MailOrder
from app.domain.ports import MailComposer, Mailer

PURPOSES: Final[Mapping[MailKind, MailPurpose]] = {
    MailKind.VERIFY_EMAIL: MailPurpose.VERIFY_EMAIL,
    MailKind.RESET_PASSWORD: MailPurpose.RESET_PASSWORD,
    MailKind.CHANGE_EMAIL: MailPurpose.CHANGE_EMAIL,
}
"""The mails that carry a token."""

NOBODY: Final = UUID(int=0)


class MailDelivery:
    """Carries out orders. Tokens are made here and not when a mail is ordered, so that no queue ever holds one."""

    def __init__(self, unit_of_work: UnitOfWork, composer: MailComposer, mailer: Mailer) -> None:
        self._unit_of_work = unit_of_work
        self._composer = composer
        self._mailer = mailer

    async def deliver(self, order: MailOrder) -> None:
        """Write the mail and send it, unless the order has lapsed; again is safe. Raises what the mailer raises.

        One to nobody takes the same work up to the sending, or the time of the next request would tell.
        """
        user_id = order.user_id or NOBODY
        token = None
        async with self._unit_of_work.begin() as services:
            user = await services.accounts.lock(user_id)
            if order.session_id is not None and not await services.sessions.lives(order.session_id):
                return
            to = order.email or ("" if user is None else user.email)
            if order.kind in PURPOSES:
                token = await services.mail_tokens.issue(user_id, PURPOSES[order.kind], to)
        mail = self._composer.compose(order.kind, to, token)
        if user is not None:
            await self._mailer.send(mail)
