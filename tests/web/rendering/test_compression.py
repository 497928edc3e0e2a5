"""Pages are compressed only for requests of this site (BREACH)."""

import gzip

import pytest
from flask import Flask, Response

from authserver.web.rendering.compression import compress

PAGE = "<p>A long page</p>" * 200
HEADERS = {"Accept-Encoding": "gzip, br", "Sec-Fetch-Site": "same-origin"}


def compressed(body=PAGE, headers=HEADERS, **options):
    app = Flask(__name__)
    with app.test_request_context("/", headers=headers):
        return compress(Response(body, content_type="text/html; charset=utf-8", **options))


@pytest.mark.parametrize("site", ["same-origin", "none"])
def test_same_origin_request_gets_a_compressed_page(site):
    response = compressed(headers=HEADERS | {"Sec-Fetch-Site": site})
    assert response.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(response.data).decode() == PAGE
    assert int(response.headers["Content-Length"]) == len(response.data) < 200


@pytest.mark.parametrize(
    "headers",
    [
        HEADERS | {"Sec-Fetch-Site": "cross-site"},
        HEADERS | {"Sec-Fetch-Site": "same-site"},
        {"Accept-Encoding": "gzip"},
        {"Sec-Fetch-Site": "none"},
        HEADERS | {"Accept-Encoding": "gzip;q=0"},
    ],
)
def test_other_request_gets_an_uncompressed_page(headers):
    response = compressed(headers=headers)
    assert "Content-Encoding" not in response.headers
    assert response.get_data(as_text=True) == PAGE
    assert "Sec-Fetch-Site" in response.headers["Vary"]


def test_short_or_streamed_responses_are_not_compressed():
    assert "Content-Encoding" not in compressed("short").headers
    assert "Content-Encoding" not in compressed(iter([PAGE])).headers
