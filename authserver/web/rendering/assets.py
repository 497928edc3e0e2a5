"""Style sheets, scripts and icons: named by what they contain, so that browsers keep them for ever; compressed once.

The files lie in ``static/``; templates ask ``pages`` for their addresses.
"""

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from flask import Flask, Response, abort, request, url_for

STATIC = Path(__file__).parent.parent / "static"
SPRITE = "vendor/lucide/icons.svg"
_FOR_EVER = "public, max-age=31536000, immutable"
_DIGEST_LENGTH = 12
_COMPRESSIBLE = {"text/css", "text/javascript", "application/javascript", "image/svg+xml", "text/plain"}


@dataclass(frozen=True)
class Asset:
    """One static file, held in memory."""

    name: str
    body: bytes

    @cached_property
    def digest(self) -> str:
        """The part of the address that changes with the content."""
        return hashlib.sha256(self.body).hexdigest()[:_DIGEST_LENGTH]

    @cached_property
    def content_type(self) -> str:
        """The media type, by the file's name."""
        return mimetypes.guess_type(self.name)[0] or "text/plain"

    @cached_property
    def compressed(self) -> bytes | None:
        """The gzipped content, where that is worth anything."""
        return gzip.compress(self.body, 9, mtime=0) if self.content_type in _COMPRESSIBLE else None


class Assets:
    """All static files, read when the application is built."""

    def __init__(self, folder: Path) -> None:
        files = (path for path in sorted(folder.rglob("*")) if path.is_file())
        read = (Asset(path.relative_to(folder).as_posix(), path.read_bytes()) for path in files)
        self._assets = {asset.name: asset for asset in read}

    def find(self, name: str) -> Asset | None:
        """Return a file by its path below the folder."""
        return self._assets.get(name)

    def url(self, name: str) -> str:
        """Return the address of a file as the browser asks for it; KeyError for one that is not there."""
        return url_for("asset", digest=self._assets[name].digest, name=name)


def install(app: Flask, folder: Path = STATIC) -> Assets:
    """Serve the files below /assets."""
    assets = Assets(folder)

    def asset(digest: str, name: str) -> Response:
        found = assets.find(name)
        if found is None:
            abort(404)
        return _answer(found, is_current=digest == found.digest)

    app.add_url_rule("/assets/<digest>/<path:name>", view_func=asset)
    return assets


def _answer(asset: Asset, *, is_current: bool) -> Response:
    zips = asset.compressed is not None and request.accept_encodings["gzip"] > 0
    response = Response(
        asset.compressed if zips else asset.body, content_type=f"{asset.content_type}; charset=utf-8"
    )
    response.headers["Vary"] = "Accept-Encoding"
    if zips:
        response.headers["Content-Encoding"] = "gzip"
    # While nodes are upgraded one by one, a page of one version may ask another version for its files.
    response.headers["Cache-Control"] = _FOR_EVER if is_current else "no-cache"
    return response
