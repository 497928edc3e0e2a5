"""The seed that the set-up form proposes: nothing is stored until a code proves it, so the form carries it, sealed.

It opens in the session that it was made for, and for half an hour; the picture of it is for the page alone.
"""

from datetime import timedelta

import segno

from authserver.domain.sessions.user_sessions import UserSession
from authserver.domain.users.authenticator_apps import TotpSeed
from authserver.web import current
from authserver.web.session import sealed_values

_LIFETIME = timedelta(minutes=30)
_QUIET_ZONE = 4
_SCALE = 5
_LABEL_LENGTH = 40  # The account's name in the app; with a long one the picture is too fine for cameras.


def seal_seed(live: UserSession, seed: TotpSeed) -> str:
    """Return a proposal as the form carries it."""
    return sealed_values.seal(_purpose(live), seed.text)


def unseal_seed(live: UserSession, carried: str) -> TotpSeed | None:
    """Return the seed of a form; None when it is old, made up, or was proposed to somebody else."""
    text = sealed_values.unseal(_purpose(live), carried, _LIFETIME)
    return None if text is None else TotpSeed(text)


def otpauth_url(live: UserSession, seed: TotpSeed) -> str:
    """Return what apps are told: the seed, this server and the account."""
    return seed.address(current.services().settings.product_name, live.user.username[:_LABEL_LENGTH])


def qr_code_url(live: UserSession, seed: TotpSeed) -> str:
    """Return the QR code as the address of a picture that stands in the page itself, so that no URL names the seed."""
    code = segno.make(otpauth_url(live, seed), error="l", micro=False)
    return str(
        code.svg_data_uri(
            border=_QUIET_ZONE, scale=_SCALE, dark="#000", light="#fff", svgclass=None, lineclass=None
        )
    )


def grouped_seed(seed: TotpSeed) -> list[str]:
    """Return the seed as people type it, four letters at a time."""
    return [seed.text[at : at + 4] for at in range(0, len(seed.text), 4)]


def _purpose(live: UserSession) -> str:
    return f"proposed seed:{live.user_id}:{live.id}"
