"""Writes stand in line for the index of what is found only shortly.

Revision ID: 2c9e4b7d61a8
Revises: 8f2f0c1b7d35
Create Date: 2026-11-27 20:05:11.120934+00:00
"""

from alembic import op

revision = "2c9e4b7d61a8"
down_revision = "8f2f0c1b7d35"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Have the entries that wait to be put in the index taken there at 256 kB: at 4 MB one writer waits 0.1 s."""
    op.execute("ALTER INDEX ix_todos_finding SET (gin_pending_list_limit = 256)")


def downgrade() -> None:
    """Leave it to the server's setting."""
    op.execute("ALTER INDEX ix_todos_finding RESET (gin_pending_list_limit)")
