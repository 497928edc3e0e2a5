"""Serves style sheets, scripts and icons from ``static/``, compressed, under URLs with a content hash.

Browsers cache them forever. Templates get the URLs from ``asset_url``.
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
_FOREVER = "public, max-age=31536000, immutable"
_DIGEST_LENGTH = 12
_COMPRESSIBLE = {"text/css", "text/javascript", "application/javascript", "image/svg+xml", "text/plain"}


@dataclass(frozen=True)
class Asset:
    """A static file, held in memory."""

    name: str
    body: bytes

    @cached_property
    def digest(self) -> str:
        """The content hash in the URL."""
        return hashlib.sha256(self.body).hexdigest()[:_DIGEST_LENGTH]

    @cached_property
    def content_type(self) -> str:
        """The media type, derived from the file name."""
        return mimetypes.guess_type(self.name)[0] or "text/plain"

    @cached_property
    def compressed(self) -> bytes | None:
        """The gzipped content, or None for a type that does not compress well."""
        return gzip.compress(self.body, 9, mtime=0) if self.content_type in _COMPRESSIBLE else None


class Assets:
    """All static files, read at startup."""

    def __init__(self, folder: Path) -> None:
        files = (path for path in sorted(folder.rglob("*")) if path.is_file())
        read = (Asset(path.relative_to(folder).as_posix(), path.read_bytes()) for path in files)
        self._assets = {asset.name: asset for asset in read}

    def find(self, name: str) -> Asset | None:
        """Return a file by its path below the folder, or None."""
        return self._assets.get(name)

    def url(self, name: str) -> str:
        """Return the URL of a file; raises KeyError."""
        return url_for("asset", digest=self._assets[name].digest, name=name)


def install(app: Flask, folder: Path = STATIC) -> Assets:
    """Serve the files below /assets."""
    assets = Assets(folder)

    def asset(digest: str, name: str) -> Response:
        found = assets.find(name)
        if found is None:
            abort(404)
        return _respond(found, is_current=digest == found.digest)

    app.add_url_rule("/assets/<digest>/<path:name>", view_func=asset)
    return assets


def _respond(asset: Asset, *, is_current: bool) -> Response:
    is_gzipped = asset.compressed is not None and request.accept_encodings["gzip"] > 0
    response = Response(
        asset.compressed if is_gzipped else asset.body, content_type=f"{asset.content_type}; charset=utf-8"
    )
    response.headers["Vary"] = "Accept-Encoding"
    if is_gzipped:
        response.headers["Content-Encoding"] = "gzip"
    # During a rolling upgrade, a page of one version may request its assets from another version.
    response.headers["Cache-Control"] = _FOREVER if is_current else "no-cache"
    return response
