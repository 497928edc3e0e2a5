"""Random OAuth 1.0a requests that are almost valid.

Each part of a request is valid, invalid or absurd. Half of the requests to most endpoints are signed. The random
generator is seeded, so that a failing request can be generated again from its number.
"""

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import quote, quote_plus

from tests.support.consumer import FORM, Consumer

PATHS = [
    "/oauth/requestToken", "/oauth/accessToken", "/oauth/whoami", "/oauth/verify", "/oauth/requestKey", "/oauth/authorize",
    "/oauth/approveKey", "/oauth/consent", "/oauth/cancel", "/rootservices", "/oslc/api/rootservices", "/oslc/catalog",
    "/.well-known/oslc/rootservices.xml",
]  # fmt: skip
NAMES = [
    "oauth_consumer_key", "oauth_token", "oauth_signature_method", "oauth_signature", "oauth_timestamp", "oauth_nonce",
    "oauth_version", "oauth_callback", "oauth_verifier", "realm", "oauth_", "key", "interaction", "decision", "a",
]  # fmt: skip
VERBS = ["GET"] * 8 + ["POST"] * 8 + ["HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "get", "PROPFIND"]
WORDS = [
    "", "0", "1", "-1", "1.0", "2.0", "oob", "true", "null", "HMAC-SHA1", "HMAC-SHA512", "RSA-SHA1", "RSA-SHA256",
    "PLAINTEXT", "&", "=", "%", "%zz", "%00", "%ff%fe", "%ed%a0%80", "\x00", "\x7f", "\t", "\u00e9", "\u2603", "\U0001f600",
    "\ud800", "\udcff",
    '"', '\\"', "'", "<script>", "../..", "https://tool.example/back", "javascript:alert(1)", "http://[::1", "https://a/%2F#x",
    "9" * 11, "9" * 30, "1e9", "NaN", "\uff11", "A" * 300, "A" * 5000, "a b", "a+b", "aso_1_" + "a" * 43,
    "ast_1_" + "b" * 43,
    "ast_zzzzzzzzzzzz_" + "a" * 43, "asi_1_" + "a" * 43, "ast__", "aso_0_" + "a" * 43,
]  # fmt: skip
TYPES = [
    FORM,
    f"{FORM}; charset=utf-8",
    "application/json",
    "",
    "multipart/form-data; boundary=x",
    "text/plain; charset=nonsense",
    ";",
    "\u00e9",
]


@dataclass
class Request:
    """A request to send."""

    verb: str
    path: str
    query: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


def requests(seed: int, count: int, consumers: list[Consumer], basic: str) -> Iterator[Request]:
    """Yield `count` requests. ``consumers`` can sign, ``basic`` is the Authorization header of a resource server."""
    for number in range(count):
        yield _Maker(random.Random(seed * 1_000_003 + number), consumers, basic).request()


class _Maker:
    def __init__(self, chance: random.Random, consumers: list[Consumer], basic: str) -> None:
        self._chance = chance
        self._consumers = consumers
        self._basic = basic

    def request(self) -> Request:
        path = self._chance.choice(PATHS)
        makers: dict[str, Callable[[str], Request]] = {
            "/oauth/verify": self._verify,
            "/oauth/requestKey": self._key,
        }
        made = makers.get(path, self._signed if self._chance.random() < 0.5 else self._random)(path)
        if self._chance.random() < 0.1:
            made.headers["Content-Type"] = self._chance.choice(TYPES)
        if self._chance.random() < 0.1:
            made.headers["Content-Length"] = self._chance.choice(
                ["", "0", "-1", "1", "x", "9" * 20, "\u00b2"]
            )
        return made

    def _signed(self, path: str) -> Request:
        consumer = self._chance.choice(self._consumers)
        verb = self._chance.choice(["GET", "POST"])
        callback = self._mostly(self._chance.choice([None, "oob", "https://tool.example/back"]))
        form = [(self._word(), self._word())] if verb == "POST" and self._chance.random() < 0.5 else None
        try:
            url, headers, body = consumer.sign(
                verb,
                f"http://localhost{path}",
                form,
                callback_uri=callback,
                verifier=self._mostly(None),
                timestamp=self._mostly(None),
                nonce=self._mostly(None),
            )
        except (ValueError, UnicodeError):
            return self._random(path)
        made = Request(verb, path, url.partition("?")[2], headers, (body or "").encode("utf-8", "replace"))
        return self._damage(made) if self._chance.random() < 0.5 else made

    def _damage(self, made: Request) -> Request:
        header = made.headers.get("Authorization", "")
        at = self._chance.randrange(len(header) + 1)
        way = self._chance.randrange(4)
        if way == 0:
            made.headers["Authorization"] = header[:at] + self._word() + header[at:]
        elif way == 1:
            made.headers["Authorization"] = header[:at]
        elif way == 2:
            made.query = f"{made.query}&{self._pairs()}"
        else:
            made.verb = self._chance.choice(VERBS)
        return made

    def _random(self, path: str) -> Request:
        made = Request(self._chance.choice(VERBS), path, self._pairs())
        if self._chance.random() < 0.6:
            scheme = self._chance.choice(["OAuth", "OAuth", "oauth", "Bearer", "Basic", "", self._word()])
            separator = self._chance.choice([", ", ",", ";", " ", "\n"])
            pairs = [self._header_pair() for _ in range(self._chance.randrange(9))]
            made.headers["Authorization"] = f"{scheme} {separator.join(pairs)}"
        if self._chance.random() < 0.5:
            made.headers["Content-Type"] = self._chance.choice(TYPES)
            made.body = self._pairs().encode("utf-8", "surrogatepass")
        return made

    def _key(self, path: str) -> Request:
        document = {
            name: self._json()
            for name in self._chance.sample(["name", "secret", "trusted", "secretType", "x"], 3)
        }
        return Request(self._chance.choice(["POST", "POST", "GET"]), path, "", {}, self._encoded(document))

    def _verify(self, path: str) -> Request:
        signed = self._signed("/oslc/resources")
        document = {
            "method": signed.verb,
            "url": f"https://models.example/oslc/resources?{signed.query}",
            "authorization": signed.headers.get("Authorization", ""),
            "body": signed.body.decode("utf-8", "replace"),
        }
        for name in ("method", "url", "authorization", "body", "body_parameters", "headers"):
            if self._chance.random() < 0.1:
                document[name] = self._json()
        headers = {"Authorization": self._basic if self._chance.random() < 0.9 else f"Basic {self._word()}"}
        return Request("POST", path, "", headers, self._encoded(document))

    def _encoded(self, document: object) -> bytes:
        text = json.dumps(document)
        if self._chance.random() < 0.1:
            at = self._chance.randrange(len(text) + 1)
            text = text[:at] + self._word() + text[at + self._chance.randrange(3) :]
        return text.encode("utf-8", "surrogatepass")

    def _json(self, depth: int = 0) -> object:
        way = self._chance.randrange(8)
        if way == 0 and depth < 3:
            return [self._json(depth + 1) for _ in range(self._chance.randrange(4))]
        if way == 1 and depth < 3:
            return {self._word(): self._json(depth + 1) for _ in range(self._chance.randrange(4))}
        return self._chance.choice([None, True, False, 0, -1, 1e308, 10**30]) if way == 2 else self._word()

    def _pairs(self) -> str:
        encode = self._chance.choice([quote_plus, quote, lambda text, errors: text])
        pairs = ((self._name(), self._word()) for _ in range(self._chance.randrange(7)))
        return "&".join(f"{name}={encode(value, errors='replace')}" for name, value in pairs)

    def _header_pair(self) -> str:
        value = self._word() if self._chance.random() < 0.3 else quote(self._word(), errors="replace")
        form = self._chance.choice(['{}="{}"', '{}="{}"', '{}="{}"', "{}={}", '{} = "{}', "{}"])
        return form.format(self._name(), value)

    def _mostly(self, value: str | None) -> str | None:
        return value if self._chance.random() < 0.8 else self._word()

    def _name(self) -> str:
        return self._chance.choice(NAMES) if self._chance.random() < 0.9 else self._word()

    def _word(self) -> str:
        if self._chance.random() < 0.2:
            highest = self._chance.choice([0x100, 0x3000])
            return "".join(chr(self._chance.randrange(highest)) for _ in range(5))
        return self._chance.choice(WORDS)
