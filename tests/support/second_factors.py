"""People with an authenticator app, for tests: the app itself is pyotp, which nobody here wrote."""

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
    """An authenticator app that was set up, and the recovery codes that were shown."""

    seed: str
    recovery_codes: list[str]

    def code(self, *, steps: int = 0) -> str:
        """Return the code that the app shows now, or some steps of 30 seconds away."""
        return pyotp.TOTP(self.seed).at(clock.now(), counter_offset=steps)


def set_up(app: Flask, username: str = "alice") -> TotpApp:
    """Give a person an app, proved by the code of the step before, so that the present one is still to be used."""
    services: Services = app.extensions["authserver"]
    seed = authenticator_apps.new_seed()
    totp_app = TotpApp(seed.text, [])
    with services.database.transaction() as db:
        user = users.find(db, username)
        assert user is not None
        try:
            codes = second_factors.enrol(db, services.vault, SYSTEM, user, seed, totp_app.code(steps=-1))
        except InvalidInput:  # A step went by between showing the code and looking at it.
            codes = second_factors.enrol(db, services.vault, SYSTEM, user, seed, totp_app.code(steps=-1))
    return TotpApp(seed.text, codes)
