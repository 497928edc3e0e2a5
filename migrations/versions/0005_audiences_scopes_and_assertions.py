"""audiences of tokens, own authorizations of clients, scopes, client assertions, the salt of subjects"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    # The older version of the product, which may still serve beside us, writes rows without naming this column.
    op.add_column(
        "access_tokens", sa.Column("audience", sa.String(length=4000), nullable=False, server_default="")
    )
    op.add_column("authorizations", sa.Column("own_key", sa.LargeBinary(length=32), nullable=True))
    op.create_index(op.f("ix_authorizations_own_key"), "authorizations", ["own_key"], unique=True)
    op.create_table(
        "client_assertions",
        sa.Column("client_id", Id, nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("client_id", "digest"),
    )
    op.create_index(
        op.f("ix_client_assertions_expires_at"), "client_assertions", ["expires_at"], unique=False
    )
    op.create_table(
        "subject_salts",
        sa.Column("id", Id, autoincrement=False, nullable=False),
        sa.Column("sealed", sa.String(length=300), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "scopes",
        sa.Column("id", Id, nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("words", sa.String(length=200), nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
    )


def downgrade() -> None:
    op.drop_table("scopes")
    op.drop_table("subject_salts")
    op.drop_index(op.f("ix_client_assertions_expires_at"), table_name="client_assertions")
    op.drop_table("client_assertions")
    op.drop_index(op.f("ix_authorizations_own_key"), table_name="authorizations")
    with op.batch_alter_table("authorizations", schema=None) as batch_op:
        batch_op.drop_column("own_key")
    with op.batch_alter_table("access_tokens", schema=None) as batch_op:
        batch_op.drop_column("audience")
