"""Authentication context classes: how strongly a client wants the person to have signed in (OpenID Connect Core, 5.5.1.1).

The classes are levels: who signed in with two factors has also proved their password. ``acr_values`` and a plain wish
in the ``claims`` parameter are met as far as the person can; an essential one is met, or the request fails.
"""

from typing import NamedTuple

from authserver.protocol.oidc.claims_request import ClaimsRequest
from authserver.vocabulary import Acr

SUPPORTED = (Acr.PASSWORD, Acr.MULTI_FACTOR)
"""All classes, the weakest first."""


class AcrRequirement(NamedTuple):
    """The classes that a client accepts, those it likes best first; no ``classes`` for no demand."""

    classes: tuple[str, ...] = ()
    is_essential: bool = False

    def is_met_by(self, reached: str) -> bool:
        """Return whether a sign-in of that class is what the client likes best, or is accepted by an essential demand."""
        known = self._known()
        if not known:
            return not self.is_essential
        wanted = known if self.is_essential else known[:1]
        return any(_level(reached) >= _level(name) for name in wanted)

    def can_be_met(self) -> bool:
        """Return whether there is a way to sign in that meets the demand."""
        return bool(self._known())

    def reported(self, reached: str) -> str:
        """Return the class to report: the one reached, or where the client accepts others only, the best of those."""
        met = [name for name in self._known() if _level(name) <= _level(reached)]
        if not self.is_essential or reached in met or not met:
            return reached
        return max(met, key=_level)

    def _known(self) -> tuple[str, ...]:
        return tuple(name for name in self.classes if name in SUPPORTED)


def acr_requirement(acr_values: str, claims: ClaimsRequest, default: tuple[str, ...]) -> AcrRequirement:
    """Return what a request demands: by the claim, which can be essential, by ``acr_values``, else what is registered."""
    if claims.acr is None:
        return AcrRequirement(tuple(acr_values.split()) or default)
    by_name = AcrRequirement(claims.acr, claims.is_acr_essential)
    # A wish for classes that are not to be had is none (Core, section 5.5.1.1).
    is_heard = by_name.is_essential or by_name.can_be_met()
    return by_name if is_heard else AcrRequirement(tuple(acr_values.split()))


def _level(name: str) -> int:
    return SUPPORTED.index(Acr(name))
