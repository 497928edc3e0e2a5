"""What the console says about each cause in the error log: what happened, what to do, and which fix it offers."""

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
_UNKNOWN = Explanation("The request was rejected", "See the description below.")


def explanation_of(cause: str) -> Explanation:
    """Return the explanation of a cause. The error log may contain causes that a newer version no longer has."""
    return EXPLANATIONS[Cause(cause)] if cause in set(Cause) else _UNKNOWN


__all__ = ["EXPLANATIONS", "Compare", "Explanation", "FixKind", "explanation_of"]
