"""the network of an authorization request, so that one network cannot fill the table"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "authorization_requests", sa.Column("network", sa.String(64), nullable=False, server_default="")
    )
    op.create_index("ix_authorization_requests_network_id", "authorization_requests", ["network", "id"])


def downgrade() -> None:
    op.drop_index("ix_authorization_requests_network_id", "authorization_requests")
    op.drop_column("authorization_requests", "network")
