"""the skeletons of clients' names, computed from the Unicode table of look-alike letters"""

from collections.abc import Callable

import sqlalchemy as sa
from alembic import op

from authserver.domain import skeletons
from authserver.domain.clients.name_skeletons import skeleton_of

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_clients = sa.table(
    "clients",
    sa.column("id", sa.BigInteger()),
    sa.column("name", sa.String()),
    sa.column("skeleton", sa.String()),
)


def upgrade() -> None:
    _fill(skeleton_of)


def downgrade() -> None:
    _fill(skeletons.of)


def _fill(skeleton: Callable[[str], str]) -> None:
    connection = op.get_bind()
    rows = connection.execute(sa.select(_clients.c.id, _clients.c.name, _clients.c.skeleton)).all()
    for row in rows:
        if row.skeleton != (wanted := skeleton(row.name)):
            connection.execute(sa.update(_clients).where(_clients.c.id == row.id).values(skeleton=wanted))
