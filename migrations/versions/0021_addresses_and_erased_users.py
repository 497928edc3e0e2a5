"""e-mail addresses that belong to one account, and the time at which an account was erased

If several accounts have the same address, it belongs to one of them: one with a verified address, otherwise an active
one, otherwise the oldest. The others keep the text, but it is unverified. The same applies to an address that is the
user name of another account.
"""

import unicodedata

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_KEY_LENGTH = 300
_users = sa.table(
    "users",
    sa.column("id", sa.BigInteger()),
    sa.column("username_key", sa.String()),
    sa.column("email", sa.String()),
    sa.column("email_key", sa.String()),
    sa.column("email_verified", sa.Boolean()),
    sa.column("is_active", sa.Boolean()),
)


def upgrade() -> None:
    op.add_column("users", sa.Column("email_key", sa.String(length=_KEY_LENGTH), nullable=True))
    op.add_column("users", sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True))
    _fill()
    op.create_index("ix_users_email_key", "users", ["email_key"], unique=True)


def _fill() -> None:
    connection = op.get_bind()
    owners = {
        row.username_key: row.id for row in connection.execute(sa.select(_users.c.username_key, _users.c.id))
    }
    with_address = sa.select(_users).where(_users.c.email != "")
    first = with_address.order_by(_users.c.email_verified.desc(), _users.c.is_active.desc(), _users.c.id)
    for row in connection.execute(first).all():
        key = unicodedata.normalize("NFKC", row.email).casefold().strip()
        is_owner = len(key) <= _KEY_LENGTH and owners.setdefault(key, row.id) == row.id
        values = {"email_key": key} if is_owner else {"email_verified": False}
        connection.execute(sa.update(_users).where(_users.c.id == row.id).values(values))


def downgrade() -> None:
    op.drop_index("ix_users_email_key", "users")
    op.drop_column("users", "erased_at")
    op.drop_column("users", "email_key")
