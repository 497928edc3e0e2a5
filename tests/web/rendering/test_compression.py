"""Pages are compressed for this site's own requests alone (BREACH)."""

import gzip

import pytest
from flask import Flask, Response

from authserver.web.rendering.compression import compress

PAGE = "<p>A long page</p>" * 200
HEADERS = {"Accept-Encoding": "gzip, br", "Sec-Fetch-Site": "same-origin"}


def answer(body=PAGE, headers=HEADERS, **options):
    app = Flask(__name__)
    with app.test_request_context("/", headers=headers):
        return compress(Response(body, content_type="text/html; charset=utf-8", **options))


@pytest.mark.parametrize("site", ["same-origin", "none"])
def test_own_requests_get_a_small_page(site):
    response = answer(headers=HEADERS | {"Sec-Fetch-Site": site})
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
def test_others_get_it_as_it_is(headers):
    response = answer(headers=headers)
    assert "Content-Encoding" not in response.headers
    assert response.get_data(as_text=True) == PAGE
    assert "Sec-Fetch-Site" in response.headers["Vary"]


def test_what_would_gain_nothing_is_left_alone():
    assert "Content-Encoding" not in answer("short").headers
    assert "Content-Encoding" not in answer(iter([PAGE])).headers
