"""Users with an authenticator app. The app is pyotp, an independent implementation."""

from dataclasses import dataclass

import pyotp
from flask import Flask

from authserver import clock
from authserver.context import SYSTEM
from authserver.domain.users import authenticator_apps, second_factors, users
from authserver.errors import InvalidInput
from authserver.protocol.services import Services


@dataclass(frozen=True)
class TotpApp:
    """An authenticator app that was set up, and its recovery codes."""

    seed: str
    recovery_codes: list[str]

    def code(self, *, steps: int = 0) -> str:
        """Return the code that the app shows now, or a number of 30-second steps away."""
        return pyotp.TOTP(self.seed).at(clock.now(), counter_offset=steps)


def set_up(app: Flask, username: str = "alice") -> TotpApp:
    """Set up an app for a user with the code of the previous step, so that the current code is still unused."""
    services: Services = app.extensions["authserver"]
    seed = authenticator_apps.new_seed()
    totp_app = TotpApp(seed.text, [])
    with services.database.transaction() as db:
        user = users.find(db, username)
        assert user is not None
        try:
            codes = second_factors.enroll(db, services.vault, SYSTEM, user, seed, totp_app.code(steps=-1))
        except InvalidInput:  # A new step began between showing the code and checking it.
            codes = second_factors.enroll(db, services.vault, SYSTEM, user, seed, totp_app.code(steps=-1))
    return TotpApp(seed.text, codes)
