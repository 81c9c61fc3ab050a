"""Every table of the product; importing this package is what makes the metadata complete."""

from app.infrastructure.database.models.accounts import RefreshToken, Session, User
from app.infrastructure.database.models.todos import Todo

__all__ = ["RefreshToken", "Session", "Todo", "User"]
