"""Deleting what is old, beside those who work."""

from typing import Final

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.ext.asyncio import AsyncSession, async_scoped_session

from app.infrastructure.database.base import Model

BATCH: Final = 1000
"""Rows that one statement deletes at the most, so that none runs into the statement timeout."""


async def delete_some(
    session: AsyncSession | async_scoped_session[AsyncSession], model: type[Model], outlived: ColumnElement[bool]
) -> int:
    """Delete such rows, but none that another transaction holds; tells how many."""
    some = select(model.id).where(outlived).limit(BATCH).with_for_update(skip_locked=True).cte("some")
    statement = (
        delete(model)
        .where(model.id.in_(select(some.c.id)))
        .returning(model.id)
        .execution_options(synchronize_session=False)
    )
    return len((await session.scalars(statement)).all())
