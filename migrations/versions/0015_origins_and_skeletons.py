"""the origins of clients and the skeletons of their names, so that one is found without reading all clients"""

import sqlalchemy as sa
from alembic import op

from authserver.domain import client_origins, skeletons

revision = "0015"
down_revision = "0013"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_clients = sa.table(
    "clients",
    sa.column("id", Id),
    sa.column("name", sa.String()),
    sa.column("redirect_uris", sa.JSON()),
    sa.column("skeleton", sa.String()),
)


def upgrade() -> None:
    table = op.create_table(
        "client_origins",
        sa.Column("origin", sa.String(length=300), nullable=False),
        sa.Column("client_id", Id, nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("origin", "client_id"),
    )
    op.create_index("ix_client_origins_client_id", "client_origins", ["client_id"])
    op.add_column("clients", sa.Column("skeleton", sa.String(length=300), nullable=True))
    op.create_index("ix_clients_skeleton", "clients", ["skeleton"])
    _fill(table)


def _fill(origins: sa.Table) -> None:
    connection = op.get_bind()
    rows = connection.execute(sa.select(_clients.c.id, _clients.c.name, _clients.c.redirect_uris)).all()
    for row in rows:
        named = sa.update(_clients).where(_clients.c.id == row.id).values(skeleton=skeletons.of(row.name))
        connection.execute(named)
    found = [
        {"origin": origin, "client_id": row.id}
        for row in rows
        for origin in client_origins.of(row.redirect_uris)
        if len(origin) <= 300
    ]
    if found:
        op.bulk_insert(origins, found)


def downgrade() -> None:
    op.drop_table("client_origins")
    op.drop_index("ix_clients_skeleton", "clients")
    with op.batch_alter_table("clients", schema=None) as batch_op:
        batch_op.drop_column("skeleton")
