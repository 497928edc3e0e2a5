"""the number of latest sign-ins in which a client sent PKCE, so that the console can suggest to require it"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("clients", sa.Column("pkce_sign_ins", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("clients", "pkce_sign_ins")
