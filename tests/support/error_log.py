"""The reference in an error response, and the recorded error that it identifies."""

import re
from urllib.parse import unquote_plus

from werkzeug.test import TestResponse

from authserver.domain.diagnostics import error_log
from authserver.domain.diagnostics.error_log import RecordedError
from authserver.protocol.services import Services

_REFERENCE = re.compile(r"""(?:\(reference |<code id="reference">)([A-Z]{8})""")


def reference_of(response: TestResponse) -> str:
    """Return the reference in a response of any format. Fail if there is none."""
    places = (response.headers.get("WWW-Authenticate", ""), response.location or "", response.text)
    found = {one for place in places for one in _REFERENCE.findall(unquote_plus(place))}
    assert len(found) == 1, f"{response.status}: {places}"
    return str(found.pop())


def recorded(services: Services, response: TestResponse) -> RecordedError:
    """Return the recorded error that a response refers to."""
    with services.database.transaction(write=False) as db:
        failure = error_log.find(db, reference_of(response))
    assert failure is not None
    return failure


def recorded_count(services: Services) -> int:
    """Return the number of recorded errors."""
    with services.database.transaction(write=False) as db:
        return sum(row.count for row in db.query(RecordedError))
