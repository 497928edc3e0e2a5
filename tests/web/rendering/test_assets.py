"""Static files: cached by browsers without limit, compressed, and confined to their folder."""

import gzip
import re

import pytest

from authserver.web.rendering import assets


@pytest.fixture
def url(client):
    return re.search(r'href="(/assets/[^"]+/auth\.css)"', client.get("/sign-in").text)[1]


def test_file_is_immutable(client, url):
    response = client.get(url)
    assert response.status_code == 200
    assert response.content_type == "text/css; charset=utf-8"
    assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert response.headers["Vary"] == "Accept-Encoding"
    assert "Set-Cookie" not in response.headers


def test_file_is_compressed_if_accepted(client, url):
    plain, zipped = client.get(url), client.get(url, headers={"Accept-Encoding": "gzip, br"})
    assert zipped.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(zipped.data) == plain.data
    assert client.get(url, headers={"Accept-Encoding": "gzip;q=0"}).data == plain.data


def test_url_of_another_version_returns_the_file_uncached(client, url):
    response = client.get(re.sub(r"/assets/[^/]+/", "/assets/0123456789ab/", url))
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize("name", ["nothing.css", "../assets.py", "%2e%2e/assets.py", "..%2fassets.py", ""])
def test_other_paths_are_not_found(client, name):
    assert client.get(f"/assets/0123456789ab/{name}").status_code == 404


def test_digest_changes_with_the_content(tmp_path):
    (tmp_path / "a.css").write_text("a {}")
    one = assets.Assets(tmp_path).find("a.css").digest
    (tmp_path / "a.css").write_text("b {}")
    assert assets.Assets(tmp_path).find("a.css").digest != one


def test_every_icon_in_use_is_in_the_sprite():
    sprite = (assets.STATIC / assets.SPRITE).read_text(encoding="utf-8")
    templates = (assets.STATIC.parents[2] / "templates").rglob("*.html")
    used = {
        name
        for page in templates
        for name in re.findall(r'icon\("([a-z-]+)"', page.read_text(encoding="utf-8"))
    }
    assert used
    assert {name for name in used if f'<symbol id="{name}"' not in sprite} == set()
