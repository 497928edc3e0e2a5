"""the resources that a device asks for"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # The older version of the product, which may still serve beside us, writes rows without naming this column.
    op.add_column(
        "device_authorizations",
        sa.Column("audience", sa.String(length=4000), nullable=False, server_default=""),
    )


def downgrade() -> None:
    with op.batch_alter_table("device_authorizations", schema=None) as batch_op:
        batch_op.drop_column("audience")
