"""The seed (shared TOTP secret) that the setup form proposes.

The form contains the encrypted seed. The server stores the seed after the user enters a valid code. A proposal is valid
in one session, for half an hour.
"""

from datetime import timedelta

import segno

from authserver.domain.user_sessions import UserSession
from authserver.domain.users.authenticator_apps import TotpSeed
from authserver.web import current
from authserver.web.session import sealed_values

_LIFETIME = timedelta(minutes=30)
_QUIET_ZONE = 4
_SCALE = 5
_MAX_LABEL_LENGTH = 40  # A longer account name makes the QR code too fine for cameras.


def seal_seed(user_session: UserSession, seed: TotpSeed) -> str:
    """Return an encrypted seed for the form."""
    return sealed_values.seal(_purpose(user_session), seed.text)


def unseal_seed(user_session: UserSession, sealed: str) -> TotpSeed | None:
    """Return the seed, or None if it has expired or was proposed in another session."""
    text = sealed_values.unseal(_purpose(user_session), sealed, _LIFETIME)
    return None if text is None else TotpSeed(text)


def otpauth_url(user_session: UserSession, seed: TotpSeed) -> str:
    """Return the ``otpauth`` URL with the seed, the server and the account."""
    return seed.otpauth_url(
        current.services().settings.product_name, user_session.user.username[:_MAX_LABEL_LENGTH]
    )


def qr_code_url(user_session: UserSession, seed: TotpSeed) -> str:
    """Return the QR code as a ``data:`` URL, so that no requested URL contains the seed."""
    code = segno.make(otpauth_url(user_session, seed), error="l", micro=False)
    return str(
        code.svg_data_uri(
            border=_QUIET_ZONE, scale=_SCALE, dark="#000", light="#fff", svgclass=None, lineclass=None
        )
    )


def grouped_seed(seed: TotpSeed) -> list[str]:
    """Return the seed in groups of four characters."""
    return [seed.text[at : at + 4] for at in range(0, len(seed.text), 4)]


def _purpose(user_session: UserSession) -> str:
    return f"proposed seed:{user_session.user_id}:{user_session.id}"
