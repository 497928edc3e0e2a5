"""The ``claims`` parameter (OpenID Connect Core, section 5.5): single claims that a client asks for by name."""

import json
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from authserver.protocol.oidc import claims

_LENGTH = 8000


class ClaimsRequest(NamedTuple):
    """Which claims were asked for, for userinfo and for the ID token; the values are null or objects."""

    userinfo: dict[str, Any]
    id_token: dict[str, Any]

    @property
    def scopes(self) -> set[str]:
        """The scopes whose words on the consent page cover the claims that were asked for."""
        names = {*self.userinfo, *self.id_token}
        return {scope for scope, covered in claims.BY_SCOPE.items() if names & set(covered)}

    @property
    def subjects(self) -> tuple[str, ...] | None:
        """The users of whom the client insists on one (section 5.5.1), or None."""
        return self._acceptable("sub")

    @property
    def acr(self) -> tuple[str, ...] | None:
        """The authentication context classes that are asked for (section 5.5.1.1), or None where none are named."""
        return self._acceptable("acr")

    @property
    def is_acr_essential(self) -> bool:
        """Whether one of those classes must be reached."""
        return (self.id_token.get("acr") or {}).get("essential") is True

    def within(self, scopes: Collection[str]) -> "ClaimsRequest":
        """Return the request without the claims of other scopes than these."""
        foreign = {
            name for scope, covered in claims.BY_SCOPE.items() if scope not in scopes for name in covered
        }
        return ClaimsRequest(
            *({name: place[name] for name in place if name not in foreign} for place in self)
        )

    def insisting_on(self, subjects: Sequence[str]) -> str:
        """Return the parameter as a client would write it who insists on one of some users beside the rest."""
        id_token = self.id_token | {"sub": {"essential": True, "values": list(subjects)}}
        document = {"userinfo": self.userinfo, "id_token": id_token}
        return json.dumps(document, ensure_ascii=False, separators=(",", ":"))

    def kept(self) -> dict[str, Any]:
        """Return what an authorization keeps of the request: names only, of claims that this server knows."""
        known = set(claims.SUPPORTED)
        wanted = {"userinfo": self.userinfo, "id_token": self.id_token}
        return {place: sorted(known & set(names)) for place, names in wanted.items() if known & set(names)}

    def _acceptable(self, name: str) -> tuple[str, ...] | None:
        """Return what a claim of the ID token may be, as ``value`` or ``values`` say, or None where they say nothing."""
        wanted = self.id_token.get(name) or {}
        values = wanted.get("values", [wanted.get("value")])
        named = [value for value in values if isinstance(value, str)] if isinstance(values, list) else []
        return tuple(named) or None


NOTHING = ClaimsRequest({}, {})


def read(text: str | None) -> ClaimsRequest | None:
    """Return the parsed parameter, or None when it is not what section 5.5 describes."""
    if text is None:
        return NOTHING
    if len(text) > _LENGTH:
        return None
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict):
        return None
    places = [document.get(place, {}) for place in ("userinfo", "id_token")]
    if not all(_is_request(place) for place in places):
        return None
    return ClaimsRequest(*places)


def _is_request(place: Any) -> bool:
    return isinstance(place, dict) and all(
        value is None or isinstance(value, dict) for value in place.values()
    )
