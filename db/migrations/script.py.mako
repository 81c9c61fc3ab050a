"""${message[:1].upper() + message[1:]}.

Revision ID: ${up_revision}
Revises: ${down_revision | comma,n}
Create Date: ${create_date}
"""

import sqlalchemy as sa
from alembic import op
% if imports:
${imports}
% endif

revision = ${repr(up_revision).replace("'", '"')}
down_revision = ${repr(down_revision).replace("'", '"')}
branch_labels = ${repr(branch_labels).replace("'", '"')}
depends_on = ${repr(depends_on).replace("'", '"')}


def upgrade() -> None:
    """Go forward, beside running code that knows only what was there before."""
% if upgrades:
    ${upgrades}
% endif


def downgrade() -> None:
    """Go back."""
% if downgrades:
    ${downgrades}
% endif
