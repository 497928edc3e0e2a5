"""Compresses pages for browsers, where that tells nobody anything.

Who can make a browser send requests with texts of their choice learns from the compressed length what else stands on
the page (BREACH). So only an answer to a request that this site or the person began is compressed, not one that
another site set off; browsers say which it is (Fetch Metadata, Sec-Fetch-Site).
"""

import gzip

from flask import Response, request

_LEVEL = 5
_WORTH_IT = 1400  # bytes: what fits into one packet gains nothing
_OWN = {"same-origin", "none"}


def compress(response: Response) -> Response:
    """Compress a page; for a blueprint's ``after_request``."""
    response.headers.add("Vary", "Accept-Encoding, Sec-Fetch-Site")
    is_page = (
        response.mimetype == "text/html" and not response.is_streamed and not response.direct_passthrough
    )
    if not is_page or "Content-Encoding" in response.headers or not _is_safe():
        return response
    body = response.get_data()
    if len(body) >= _WORTH_IT:
        response.set_data(gzip.compress(body, _LEVEL, mtime=0))
        response.headers["Content-Encoding"] = "gzip"
    return response


def _is_safe() -> bool:
    return request.headers.get("Sec-Fetch-Site") in _OWN and request.accept_encodings["gzip"] > 0
