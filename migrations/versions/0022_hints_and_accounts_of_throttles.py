"""hints of entered client secrets, and the accounts whose sign-ins a throttle limits

Rows without these values keep working: a secret gets its hint when it is next verified, and a throttle ends by itself.
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("client_secrets", sa.Column("hint", sa.String(3), nullable=True))
    op.add_column("throttles", sa.Column("account", sa.LargeBinary(32), nullable=True))
    op.create_index("ix_throttles_account", "throttles", ["account"])


def downgrade() -> None:
    op.drop_index("ix_throttles_account", "throttles")
    op.drop_column("throttles", "account")
    op.drop_column("client_secrets", "hint")
