"""the client's name, the origins and the epoch that a consent covers, so that users are asked again after a change

The consents of today cover the clients of today.
"""

import sqlalchemy as sa
from alembic import op

from authserver.domain.clients.redirect_uris import origins_and_schemes_of

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_clients = sa.table(
    "clients",
    sa.column("id", sa.BigInteger()),
    sa.column("name", sa.String()),
    sa.column("epoch", sa.Integer()),
    sa.column("redirect_uris", sa.JSON()),
)
_consents = sa.table(
    "consents",
    sa.column("client_id", sa.BigInteger()),
    sa.column("client_name", sa.String()),
    sa.column("client_epoch", sa.Integer()),
    sa.column("client_origins", sa.JSON()),
)


def upgrade() -> None:
    op.add_column("consents", sa.Column("client_name", sa.String(200), nullable=True))
    op.add_column("consents", sa.Column("client_epoch", sa.Integer(), nullable=True))
    op.add_column("consents", sa.Column("client_origins", sa.JSON(), nullable=True))
    connection = op.get_bind()
    with_consents = sa.select(_clients).where(_clients.c.id.in_(sa.select(_consents.c.client_id)))
    for row in connection.execute(with_consents).all():
        connection.execute(
            sa.update(_consents)
            .where(_consents.c.client_id == row.id)
            .values(
                client_name=row.name,
                client_epoch=row.epoch,
                client_origins=origins_and_schemes_of(row.redirect_uris),
            )
        )


def downgrade() -> None:
    op.drop_column("consents", "client_origins")
    op.drop_column("consents", "client_epoch")
    op.drop_column("consents", "client_name")
