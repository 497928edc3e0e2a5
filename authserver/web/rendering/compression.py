"""Compresses pages, except for requests that another site initiated.

An attacker who can make a browser send requests with chosen content can learn secrets on the page from its compressed
length (BREACH). Browsers report the initiator of a request in Sec-Fetch-Site (Fetch Metadata).
"""

import gzip

from flask import Response, request

_LEVEL = 5
_MIN_BYTES = 1400  # a page that fits into one packet gains nothing
_SAFE_INITIATORS = {"same-origin", "none"}


def compress(response: Response) -> Response:
    """Compress a page. The ``after_request`` function of a blueprint calls this function."""
    response.headers.add("Vary", "Accept-Encoding, Sec-Fetch-Site")
    is_page = (
        response.mimetype == "text/html" and not response.is_streamed and not response.direct_passthrough
    )
    if not is_page or "Content-Encoding" in response.headers or not _is_safe():
        return response
    body = response.get_data()
    if len(body) >= _MIN_BYTES:
        response.set_data(gzip.compress(body, _LEVEL, mtime=0))
        response.headers["Content-Encoding"] = "gzip"
    return response


def _is_safe() -> bool:
    return request.headers.get("Sec-Fetch-Site") in _SAFE_INITIATORS and request.accept_encodings["gzip"] > 0
