"""A signed request: Authlib's request object, built from strictly parsed parameters."""

import re
from datetime import UTC, datetime
from typing import Any

from authlib.oauth1.rfc5849.wrapper import OAuth1Request
from sqlalchemy import Row

from authserver.domain.client_cache import RegisteredClient
from authserver.domain.oauth1.consumers import ConsumerOptions
from authserver.protocol.oauth1 import base_strings, errors
from authserver.protocol.oauth1.errors import OAuth1Error, ProblemCode
from authserver.protocol.oauth1.parameters import Parameters
from authserver.vocabulary import SignatureMethod

_TIMESTAMP = re.compile("[0-9]{1,11}")
_MAX_KEY_LENGTH = 64
# RFC 5849, section 3.1, allows only 1.0, but some clients send the name of the revision.
_VERSIONS = ("1.0", "1.0a", "1.0A")


class SignedRequest(OAuth1Request):
    """A request with a signature that is not yet verified; raises OAuth1Error if a required parameter is missing.

    Authlib's parser is not used, because it decodes twice, loses repeated parameters and fails with status 500 on
    malformed parameters. ``uri`` is the base string URI, built from the configured public URL. ``sent_to`` contains the
    hosts that the sender and the proxies named. They only explain a wrong signature.
    """

    row: Row[Any]
    client: RegisteredClient
    consumer: ConsumerOptions

    def __init__(
        self, method: str, uri: str, parameters: Parameters, *, sent_to: tuple[str, ...] = ()
    ) -> None:
        self.method = method
        self.uri = uri
        self.parameters = parameters
        self.sent_to = sent_to
        self.oauth_params = parameters.protocol
        self.signature_type = parameters.place
        self.realm = parameters.realm
        self.client = None  # type: ignore[assignment]  # set by request_checks.set_client
        self.credential = None
        self.user = None
        self._check_version()
        self._check_presence()
        self._check_timestamp_form()

    @property
    def client_key(self) -> str:
        """The consumer key, or an empty string if no consumer can have such a key."""
        key = self.parameters.get("oauth_consumer_key")
        return key if len(key) <= _MAX_KEY_LENGTH and key.isascii() else ""

    @property
    def token_value(self) -> str:
        """The token, or an empty string; two-legged clients send an empty token or none."""
        return self.parameters.get("oauth_token")

    @property
    def signed_at(self) -> datetime | None:
        """The timestamp, or None if a PLAINTEXT request has none."""
        text = self.parameters.get("oauth_timestamp")
        return datetime.fromtimestamp(int(text), UTC) if text else None

    @property
    def base_string(self) -> str:
        """The signature base string."""
        return base_strings.base_string(self.method, self.uri, self.parameters.signed)

    def _check_version(self) -> None:
        version = self.oauth_params.get("oauth_version", "1.0")
        if version not in _VERSIONS:
            raise OAuth1Error(
                ProblemCode.VERSION_REJECTED,
                "oauth_version must be omitted, 1.0 or 1.0a.",
                received=version[:60],
                expected=" ".join(_VERSIONS),
                parameters={"oauth_acceptable_versions": "1.0-1.0"},
            )

    def _check_presence(self) -> None:
        needed = ["oauth_consumer_key", "oauth_signature_method", "oauth_signature"]
        times = ("oauth_timestamp", "oauth_nonce")
        # RFC 5849, section 3.1: PLAINTEXT requests may omit the timestamp and the nonce, but not only one of them.
        is_plain = self.parameters.get("oauth_signature_method") == SignatureMethod.PLAINTEXT
        if not is_plain or any(self.parameters.get(name) for name in times):
            needed += times
        if missing := [name for name in needed if not self.parameters.get(name)]:
            raise errors.parameters_absent(*missing)

    def _check_timestamp_form(self) -> None:
        text = self.parameters.get("oauth_timestamp")
        if text and not _TIMESTAMP.fullmatch(text):
            advice = "oauth_timestamp must be a number of seconds since 1970."
            raise errors.parameter_rejected("oauth_timestamp", advice, text)
