"""how long each signing key is published after its retirement"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

# What the settings ask for unless they were changed: a week of being signed in, and an hour.
_USUAL = 7 * 24 * 3600 + 3600


def upgrade() -> None:
    # The older version of the product, which may still serve beside us, writes rows without naming this column.
    op.add_column(
        "signing_keys",
        sa.Column("keep_seconds", sa.Integer(), nullable=False, server_default=str(_USUAL)),
    )


def downgrade() -> None:
    with op.batch_alter_table("signing_keys", schema=None) as batch_op:
        batch_op.drop_column("keep_seconds")
