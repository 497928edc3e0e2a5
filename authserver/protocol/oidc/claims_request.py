"""The ``claims`` parameter (OpenID Connect Core, section 5.5), which requests individual claims by name."""

import json
from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from authserver.domain.client_cache import RegisteredClient
from authserver.protocol.oidc import claims
from authserver.vocabulary import Acr

_MAX_LENGTH = 8000


class ClaimsRequest(NamedTuple):
    """The claims requested from the userinfo endpoint and in the ID token. Each value is None or a dict.

    ``by_scope`` contains the names of the claims of each scope (``claims.by_scope``).
    """

    userinfo: dict[str, Any]
    id_token: dict[str, Any]
    by_scope: Mapping[str, Collection[str]] = MappingProxyType(claims.STANDARD)

    @property
    def scopes(self) -> set[str]:
        """The scopes that cover the requested claims, for the consent page."""
        names = {*self.userinfo, *self.id_token}
        return {scope for scope, covered in self.by_scope.items() if names & set(covered)}

    @property
    def subjects(self) -> tuple[str, ...] | None:
        """The subject identifiers that the client accepts (section 5.5.1), or None for any."""
        return self._acceptable("sub")

    @property
    def acr(self) -> tuple[str, ...] | None:
        """The requested authentication context classes (section 5.5.1.1), or None."""
        return self._acceptable("acr")

    @property
    def is_acr_essential(self) -> bool:
        """Whether the request fails unless one of these classes is reached."""
        return (self.id_token.get("acr") or {}).get("essential") is True

    def within(self, scopes: Collection[str]) -> "ClaimsRequest":
        """Return the request without the claims that need a scope other than these."""
        excluded = {
            name for scope, covered in self.by_scope.items() if scope not in scopes for name in covered
        }
        userinfo, id_token = (
            {name: place[name] for name in place if name not in excluded}
            for place in (self.userinfo, self.id_token)
        )
        return ClaimsRequest(userinfo, id_token, self.by_scope)

    def parameter_requiring(self, subjects: Sequence[str]) -> str:
        """Return a ``claims`` parameter that also requires one of these subjects.

        It contains only supported claims and classes, so that it does not exceed the maximum length of the parameter.
        """
        id_token = self._known(self.id_token) | {"sub": {"values": list(subjects)}}
        if self.acr is not None:
            classes = [name for name in dict.fromkeys(self.acr) if name in set(Acr)]
            id_token["acr"] = {"essential": self.is_acr_essential, "values": classes}
        return json.dumps(
            {"userinfo": self._known(self.userinfo), "id_token": id_token}, separators=(",", ":")
        )

    def stored_claims(self) -> dict[str, Any]:
        """Return the part of the request to store in the authorization: the names of supported claims."""
        wanted = {"userinfo": self.userinfo, "id_token": self.id_token}
        return {place: sorted(known) for place, names in wanted.items() if (known := self._known(names))}

    def _known(self, names: Collection[str]) -> dict[str, Any]:
        supported = {*claims.SUPPORTED, *(name for covered in self.by_scope.values() for name in covered)}
        return dict.fromkeys(name for name in names if name in supported)

    def _acceptable(self, name: str) -> tuple[str, ...] | None:
        """Return the acceptable values of a claim of the ID token, from ``value`` and ``values``, or None for any.

        Values that are not strings are dropped. An empty result means that no value is acceptable.
        """
        wanted = self.id_token.get(name) or {}
        value, values = wanted.get("value"), wanted.get("values")
        if value is None and values is None:
            return None
        choice = values if isinstance(values, list) else [value if values is None else values]
        return tuple(one for one in choice if isinstance(one, str) and value in (None, one))


EMPTY = ClaimsRequest({}, {})


def parse_claims_request(text: str | None, client: RegisteredClient) -> ClaimsRequest | None:
    """Return the parsed parameter, or None if it does not have the form that section 5.5 specifies."""
    if text is None:
        return EMPTY
    if len(text) > _MAX_LENGTH:
        return None
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict):
        return None
    userinfo, id_token = (document.get(place, {}) for place in ("userinfo", "id_token"))
    if not _is_request(userinfo) or not _is_request(id_token):
        return None
    return ClaimsRequest(userinfo, id_token, claims.by_scope(client))


def _is_request(place: Any) -> bool:
    return isinstance(place, dict) and all(
        value is None or isinstance(value, dict) for value in place.values()
    )
