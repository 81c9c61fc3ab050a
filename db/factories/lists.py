"""Lists, who shares them, and the invitations to them."""

from uuid import UUID

from polyfactory import Use

from app.domain.lists import INBOX_POSITION
from app.domain.sharing import INVITATION_LIFETIME, ListRole
from app.infrastructure.database.base import Model
from app.infrastructure.database.models import Invitation, Membership, TodoList
from db.factories.base import FAKER, NOW, RowFactory, made_up_id, made_up_position


class TodoListFactory(RowFactory[TodoList]):
    """A list that is nobody's inbox; to be stored it needs the `owner_id` of a stored account.

    A list is seen by its members alone, its owner among them: `MembershipFactory` makes them.
    """

    __model__ = TodoList

    name = Use(FAKER.word)
    position = Use(made_up_position)
    is_inbox = False


class MembershipFactory(RowFactory[Membership]):
    """An owner's membership; to be stored it needs the `list_id` and the `user_id` of stored rows."""

    __model__ = Membership

    role = ListRole.OWNER


class InvitationFactory(RowFactory[Invitation]):
    """An invitation for an editor that goes on, whose token nobody knows; needs the `list_id` of a stored list."""

    __model__ = Invitation

    role = ListRole.EDITOR
    invited_by = Use(made_up_id)
    expires_at = NOW + INVITATION_LIFETIME


def inbox_of(user_id: UUID) -> list[Model]:
    """The list that comes with a stored account, and its owner's membership; to be stored in this order."""
    inbox = TodoListFactory.build(owner_id=user_id, name="Inbox", position=INBOX_POSITION, is_inbox=True)
    return [inbox, MembershipFactory.build(list_id=inbox.id, user_id=user_id)]
