"""The console's explanation of each cause in the error log: what happened, what to do, and which fix is offered."""

from collections.abc import Mapping

from authserver.domain.diagnostics.causes import Cause
from authserver.web.admin.explanations import clients, oauth1, requests, tokens
from authserver.web.admin.explanations.explanation import Compare, Explanation, FixKind

EXPLANATIONS: Mapping[Cause, Explanation] = {
    **clients.EXPLANATIONS,
    **requests.EXPLANATIONS,
    **tokens.EXPLANATIONS,
    **oauth1.EXPLANATIONS,
}
_UNKNOWN = Explanation("The request was rejected", "See the error description below.")


def explanation_of(cause: str) -> Explanation:
    """Return the explanation of a cause. The error log may contain causes that this version no longer defines."""
    return EXPLANATIONS[Cause(cause)] if cause in set(Cause) else _UNKNOWN


__all__ = ["EXPLANATIONS", "Compare", "Explanation", "FixKind", "explanation_of"]
