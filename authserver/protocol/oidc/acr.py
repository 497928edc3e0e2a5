"""Authentication context classes: how strongly the user must have signed in (OpenID Connect Core, section 5.5.1.1).

The classes are ordered: a sign-in with two factors also satisfies a request for the password class. The server meets
``acr_values`` and a voluntary acr claim if possible. If it cannot meet an essential acr claim, the request fails.
"""

from typing import NamedTuple

from authserver.protocol.oidc.claims_request import ClaimsRequest
from authserver.vocabulary import Acr

SUPPORTED = (Acr.PASSWORD, Acr.MULTI_FACTOR)
"""The supported classes, the weakest first."""


class AcrRequirement(NamedTuple):
    """The classes that a client accepts, in order of preference; empty if it accepts any."""

    classes: tuple[str, ...] = ()
    is_essential: bool = False

    def is_met_by(self, reached: str) -> bool:
        """Return whether a sign-in of the class ``reached`` meets the requirement.

        For a voluntary requirement, the class must be at least as strong as the first accepted class. For an essential
        one, it must be at least as strong as the weakest.
        """
        known = self._known()
        if not known:
            return not self.is_essential
        wanted = known if self.is_essential else known[:1]
        return any(_level(reached) >= _level(name) for name in wanted)

    def can_be_met(self) -> bool:
        """Return whether this server supports any of the classes."""
        return bool(self._known())

    def reported(self, reached: str) -> str:
        """Return the acr claim to issue, which is normally the class ``reached``.

        If an essential requirement does not list this class, issue the strongest of the weaker classes that it lists.
        """
        met = [name for name in self._known() if _level(name) <= _level(reached)]
        if not self.is_essential or reached in met or not met:
            return reached
        return max(met, key=_level)

    def _known(self) -> tuple[str, ...]:
        return tuple(name for name in self.classes if name in SUPPORTED)


def acr_requirement(acr_values: str, claims: ClaimsRequest, default: tuple[str, ...]) -> AcrRequirement:
    """Return the requirement from the acr claim, else from ``acr_values``, else from the registration."""
    if claims.acr is None:
        return AcrRequirement(tuple(acr_values.split()) or default)
    by_claim = AcrRequirement(claims.acr, claims.is_acr_essential)
    # A voluntary request for unsupported classes is ignored (Core, section 5.5.1.1).
    applies = by_claim.is_essential or by_claim.can_be_met()
    return by_claim if applies else AcrRequirement(tuple(acr_values.split()))


def _level(name: str) -> int:
    return SUPPORTED.index(Acr(name))
