"""the positions of audit events in the hash chain, so that events can be recorded first and sealed afterwards"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("audit_events", sa.Column("position", Id, nullable=True))
    op.execute("UPDATE audit_events SET position = id")
    op.create_index("ix_audit_events_position", "audit_events", ["position"], unique=True)


def downgrade() -> None:
    op.drop_index("ix_audit_events_position", "audit_events")
    op.drop_column("audit_events", "position")
