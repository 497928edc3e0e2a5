"""The seed that the set-up form proposes: nothing is stored until a code proves it, so the form carries it, sealed.

It opens in the session that it was made for, and for half an hour; the picture of it is for the page alone.
"""

from datetime import timedelta

import segno

from authserver.domain.authenticator_apps import Seed
from authserver.domain.sessions import UserSession
from authserver.web import door, sealed

_LIFETIME = timedelta(minutes=30)
_QUIET_ZONE = 4
_SCALE = 5
_LABEL_LENGTH = 40  # The account's name in the app; with a long one the picture is too fine for cameras.


def seal(live: UserSession, seed: Seed) -> str:
    """Return a proposal as the form carries it."""
    return sealed.seal(_purpose(live), seed.text)


def read(live: UserSession, carried: str) -> Seed | None:
    """Return the seed of a form; None when it is old, made up, or was proposed to somebody else."""
    text = sealed.opened(_purpose(live), carried, _LIFETIME)
    return None if text is None else Seed(text)


def address(live: UserSession, seed: Seed) -> str:
    """Return what apps are told: the seed, this server and the account."""
    return seed.address(door.services().settings.product_name, live.user.username[:_LABEL_LENGTH])


def picture(live: UserSession, seed: Seed) -> str:
    """Return the QR code as the address of a picture that stands in the page itself, so that no URL names the seed."""
    code = segno.make(address(live, seed), error="l", micro=False)
    return str(
        code.svg_data_uri(
            border=_QUIET_ZONE, scale=_SCALE, dark="#000", light="#fff", svgclass=None, lineclass=None
        )
    )


def in_groups(seed: Seed) -> list[str]:
    """Return the seed as people type it, four letters at a time."""
    return [seed.text[at : at + 4] for at in range(0, len(seed.text), 4)]


def _purpose(live: UserSession) -> str:
    return f"proposed seed:{live.user_id}:{live.id}"
