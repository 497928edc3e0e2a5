"""Sends requests and records the responses."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from werkzeug.test import Client, TestResponse

from tests.support import forms
from tests.support.forms import Pairs
from tests.wire.placeholders import Placeholders, find_jwts, jwt_parts

_MAX_LENGTH = 400  # characters of a request
FORM = "application/x-www-form-urlencoded"
# Security headers are long and the same on most pages. Each is recorded once, at the end, and referred to by its
# digest.
_FOLDED = {
    "content-security-policy", "cross-origin-opener-policy", "cross-origin-resource-policy", "permissions-policy",
    "referrer-policy", "x-content-type-options", "x-request-id", "strict-transport-security",
}  # fmt: skip


class Recorder:
    """The transcript of one run."""

    def __init__(self) -> None:
        self.placeholders = Placeholders()
        self.exchanges = 0
        self._lines: list[str] = []
        self._folded: dict[str, list[str]] = {}

    def section(self, title: str) -> None:
        """Begin a section."""
        self._lines += ["", f"{'#' * 20} {title} {'#' * 20}", ""]

    def transcript(self) -> str:
        """Return the transcript."""
        end = ["", f"{'#' * 20} protective headers, by their digests {'#' * 20}", ""]
        for digest, lines in sorted(self._folded.items()):
            end += [digest, *(f"  {line}" for line in lines), ""]
        text = "\n".join([*self._lines, *end]).strip() + "\n"
        return "\n".join(line.rstrip() for line in text.splitlines()) + "\n"

    def write(self, title: str, request: list[str], answer: TestResponse, *, is_brief: bool = False) -> None:
        """Record one request and its response."""
        self.exchanges += 1
        if is_brief:
            self._lines.append(f"{title}: {request[0]}: {self._brief(answer)}")
            return
        self._lines += [f"== {title}", *request, f"{answer.status_code}"]
        self._lines += [f"  {line}" for line in (*self._headers(answer), *self._body(answer))]
        self._lines.append("")

    def write_received(
        self, title: str, target: str, headers: Mapping[str, str], form: Mapping[str, str]
    ) -> None:
        """Record a request that the application has sent."""
        self.exchanges += 1
        shown = self.placeholders
        lines = [
            shown.url(target),
            *(f"{name}: {value}" for name, value in headers.items()),
            shown.pairs(list(form.items())),
        ]
        lines += [line for name, jwt in find_jwts("", dict(form)) for line in self._jwt(name, jwt)]
        self._lines += [f"== {title}", *(f"  < {line}" for line in lines), ""]

    def _brief(self, answer: TestResponse) -> str:
        kept = ("Allow", "Content-Type", "Location", "WWW-Authenticate", "Retry-After")
        found = [
            f"{name}: {self.placeholders.header(name, answer.headers[name])}"
            for name in kept
            if name in answer.headers
        ]
        error = (
            answer.get_json()["error"]
            if answer.is_json and answer.data and "error" in answer.get_json()
            else ""
        )
        return " | ".join([str(answer.status_code), *found, *([f"error={error}"] if error else [])])

    def _headers(self, answer: TestResponse) -> list[str]:
        lines: list[str] = []
        folded: list[str] = []
        for name, value in sorted(answer.headers.items(), key=lambda pair: pair[0].lower()):
            line = f"{name}: {self.placeholders.header(name, value)}"
            (folded if name.lower() in _FOLDED else lines).append(line)
        digest = hashlib.sha256("\n".join(folded).encode()).hexdigest()[:8]
        self._folded[digest] = folded
        return [*lines, f"[{digest}]"]

    def _body(self, answer: TestResponse) -> list[str]:
        if location := answer.headers.get("Location"):
            parts = urlsplit(location)
            pairs = dict(parse_qsl(parts.fragment or parts.query))
            return [line for name, jwt in find_jwts("", pairs) for line in self._jwt(name, jwt)]
        if not answer.data:
            return []
        # The content of a downloaded file depends on everything that happened before.
        is_file = "attachment" in answer.headers.get("Content-Disposition", "")
        match "" if is_file else answer.mimetype:
            case "application/json":
                return self._json(answer.get_json())
            case "application/jwt":
                return ["<jwt>", *self._jwt("userinfo", answer.text)]
            case "application/x-www-form-urlencoded":
                return [self.placeholders.pairs(parse_qsl(answer.text, keep_blank_values=True))]
            case "application/rdf+xml":
                return self.placeholders.text(answer.text).splitlines()
            case "text/html":
                return ["<html>", *self._forms_elsewhere(answer)]
        return [f"<{answer.mimetype.partition('/')[2]}>"]

    def _json(self, document: Any) -> list[str]:
        shown = self.placeholders.member("", document)
        lines = json.dumps(shown, indent=2, sort_keys=True, ensure_ascii=False).splitlines()
        return lines + [line for name, jwt in find_jwts("", document) for line in self._jwt(name, jwt)]

    def _jwt(self, name: str, jwt: str) -> list[str]:
        parts = [self.placeholders.member("", part) for part in jwt_parts(jwt)]
        return [f"{name}:", *(json.dumps(part, sort_keys=True, ensure_ascii=False) for part in parts)]

    def _forms_elsewhere(self, answer: TestResponse) -> list[str]:
        """Describe what a page posts to a client (OAuth 2.0 Form Post Response Mode)."""
        found = [form for form in forms.parse(answer.text) if urlsplit(form.action).netloc]
        return [
            line
            for form in found
            for line in (
                f"form {form.method} {self.placeholders.url(form.action)}",
                self.placeholders.pairs(form.fields),
                *(line for name, jwt in find_jwts("", dict(form.fields)) for line in self._jwt(name, jwt)),
            )
        ]


def form_to(page: str, path: str, *, having: str = "") -> forms.Form:
    """Return the form whose action has this path and that has a field of this name."""
    found = forms.parse(page)
    for form in found:
        if form.path == path and (not having or having in form.names):
            return form
    raise AssertionError(f"there is no form to {path}, but to {[form.action for form in found]}")


class Caller:
    """A client or a browser. It keeps cookies and does not follow redirects automatically."""

    def __init__(self, recorder: Recorder, application: Any, address: str = "127.0.0.1") -> None:
        self._recorder = recorder
        self._client = Client(application)
        self._address = address
        self.page: TestResponse | None = None

    def send(
        self,
        title: str | None,
        method: str,
        path: str,
        *,
        query: Pairs | Mapping[str, str] | None = None,
        form: Pairs | Mapping[str, str] | None = None,
        json: Any = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        is_brief: bool = False,
        described: Pairs | None = None,
    ) -> TestResponse:
        """Send a request, and record it under ``title``. A request without a title is not recorded.

        ``described`` are the fields to record instead of the whole form.
        """
        pairs = list(form.items()) if isinstance(form, Mapping) else form
        asked = list(query.items()) if isinstance(query, Mapping) else query
        sent = dict(headers or {})
        data: Any = body
        if pairs is not None:
            sent.setdefault("Content-Type", FORM)
            data = urlencode(pairs)
        elif json is not None:
            sent.setdefault("Content-Type", "application/json")
            data = _json_text(json)
        answer = self._client.open(
            path,
            method=method,
            query_string=urlencode(asked) if asked is not None else None,
            data=data,
            headers=sent,
            environ_overrides={"REMOTE_ADDR": self._address},
        )
        answer.get_data()
        if title is not None:
            shown_form = pairs if described is None else described
            lines = self._described(method, path, asked, shown_form, json, sent)
            self._recorder.write(title, lines, answer, is_brief=is_brief)
        self.page = answer
        return answer

    def get(self, title: str | None, path: str, **options: Any) -> TestResponse:
        """Send a GET."""
        return self.send(title, "GET", path, **options)

    def post(
        self, title: str | None, path: str, form: Pairs | Mapping[str, str] | None = None, **options: Any
    ) -> TestResponse:
        """Send a POST."""
        return self.send(title, "POST", path, form=form, **options)

    def submit(
        self,
        title: str | None,
        path: str,
        *,
        having: str = "",
        to: str = "",
        **changes: str | list[str] | None,
    ) -> TestResponse:
        """Fill in the form with this action on the last page, and submit it."""
        assert self.page is not None
        form = form_to(self.page.text, path, having=having)
        typed = [(name, value) for name, value in changes.items() if isinstance(value, str)]
        sent = form.filled(changes)
        return self.send(title, form.method.upper(), to or form.action, form=sent, described=typed)

    def follow(self, title: str | None = None) -> TestResponse:
        """Follow redirects within the application."""
        assert self.page is not None
        while self.page.status_code in {302, 303} and not urlsplit(self.page.location).netloc:
            self.get(title, self.page.location)
        return self.page

    def _described(
        self,
        method: str,
        path: str,
        query: Pairs | None,
        form: Pairs | None,
        document: Any,
        headers: Mapping[str, str],
    ) -> list[str]:
        shown = self._recorder.placeholders
        asked = f"?{shown.pairs(query)}" if query else ""
        lines = [f"{method} {shown.url(path)}{asked}"[:_MAX_LENGTH]]
        lines += [
            f"  > {name}: {shown.header(name, value)}"
            for name, value in headers.items()
            if name != "Content-Type"
        ]
        if headers.get("Content-Type", FORM if form is not None else "application/json") not in {
            FORM,
            "application/json",
        }:
            lines.append(f"  > Content-Type: {headers['Content-Type']}")
        if form:
            lines.append(f"  > {shown.pairs(form)[:_MAX_LENGTH]}")
        if document is not None:
            lines.append(f"  > {_json_text(shown.member('', document))[:_MAX_LENGTH]}")
        return lines


def _json_text(document: Any) -> str:
    return json.dumps(document, ensure_ascii=False)
