"""Runs all scenarios in one installation and returns the transcript."""

from collections.abc import Callable

from tests.wire.installation import installed
from tests.wire.recorder import Recorder
from tests.wire.run import Run
from tests.wire.scenarios import (
    authorization,
    console,
    deployments,
    device,
    documents,
    methods,
    oauth1,
    registration,
    sign_out,
    token,
    tokens_in_use,
)

SCENARIOS: dict[str, Callable[[Run], None]] = {
    "public documents": documents.play,
    "token endpoint": token.play,
    "introspection, revocation, userinfo": tokens_in_use.play,
    "device grant": device.play,
    "registration": registration.play,
    "authorization endpoint": authorization.play,
    "signing out": sign_out.play,
    "OAuth 1.0a": oauth1.play,
    "account and console": console.play,
    "methods and origins": methods.play,
    "other deployments": deployments.play,
}


def record() -> tuple[str, int]:
    """Return the transcript and the number of its exchanges."""
    recorder = Recorder()
    with installed() as installation:
        run = Run(installation, recorder)
        for title, play in SCENARIOS.items():
            recorder.section(title)
            play(run)
    return recorder.transcript(), recorder.exchanges
