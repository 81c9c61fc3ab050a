"""What people do with their own account."""

from app.application.accounts.emails import canonical_email
from app.application.accounts.schemas import Registration, User
from app.domain.access import Actor, Permission, UserRole
from app.domain.errors import Unauthenticated
from app.domain.ports import Clock
from app.infrastructure.database import models
from app.infrastructure.database.repositories.accounts import UserRepository


class AccountService:
    """Decides over accounts."""

    def __init__(self, users: UserRepository, clock: Clock) -> None:
        self._users = users
        self._clock = clock

    async def get_me(self, actor: Actor) -> User:
        """The actor's own account; raises `Unauthenticated` when it is gone."""
        actor.require(Permission.ACCOUNT_READ)
        user = await self._users.find_self(User, actor)
        if user is None:
            raise Unauthenticated
        return user

    async def find_by_email(self, email: str) -> models.User | None:
        """The account of an e-mail address, however it is spelt."""
        return await self._users.find_by_email(canonical_email(email))

    async def create(self, data: Registration, password_hash: str, time_zone: str) -> models.User:
        """A new account; raises `EmailTaken`."""
        now = self._clock.now()
        return await self._users.add(
            models.User(
                email=data.email,
                email_canonical=canonical_email(data.email),
                password_hash=password_hash,
                name=data.name,
                time_zone=time_zone,
                role=UserRole.USER,
                created_at=now,
                updated_at=now,
            ),
            auto_refresh=False,
        )

    async def replace_hash(self, user: models.User, password_hash: str) -> None:
        """Store the same password's hash at another cost."""
        if user.password_hash is not None:
            await self._users.replace_hash(user.id, user.password_hash, password_hash)
