"""ids are not used again"""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

# What remembers one of these by its id, in a process or in another table, must not meet another one under it.
_TABLES = ("clients", "client_secrets", "users", "user_sessions", "authorizations", "scopes")


def upgrade() -> None:
    _rebuild(is_counting=True)


def downgrade() -> None:
    _rebuild(is_counting=False)


def _rebuild(*, is_counting: bool) -> None:
    # PostgreSQL's sequences never go back; SQLite gives the id of the last row out again once that row is gone.
    if op.get_bind().dialect.name != "sqlite":
        return
    for table in _TABLES:
        with op.batch_alter_table(
            table, recreate="always", table_kwargs={"sqlite_autoincrement": is_counting}
        ):
            pass
