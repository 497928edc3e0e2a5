"""Responses that the browser saves as a JSON file."""

import json
from typing import Any

from flask import Response


def download(data: dict[str, Any], file_name: str) -> Response:
    """Return a response with the data. The file name must be ASCII without quotes."""
    text = json.dumps(data, ensure_ascii=False, indent=2)
    response = Response(text, content_type="application/json; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{file_name}"'
    return response
