"""the epoch under which a device asked"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # The older version of the product, which may still serve beside us, writes rows without it.
    op.add_column("device_authorizations", sa.Column("client_epoch", sa.Integer(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("device_authorizations", schema=None) as batch_op:
        batch_op.drop_column("client_epoch")
