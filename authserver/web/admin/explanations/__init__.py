"""The words for every cause that the diagnostics ledger records: one table, each group of causes in a room of its own.

A house test holds the table and the code together: no cause without words, no words without a cause.
"""

from authserver.web.admin.explanations import (
    authentication,
    bearer,
    client,
    messages,
    oauth1,
    people,
    registration,
    tokens,
    transport,
)
from authserver.web.admin.explanations.explanation import Compare, Explanation, FixKind

EXPLANATIONS: dict[str, Explanation] = {
    **client.EXPLANATIONS,
    **messages.EXPLANATIONS,
    **transport.EXPLANATIONS,
    **people.EXPLANATIONS,
    **authentication.EXPLANATIONS,
    **tokens.EXPLANATIONS,
    **bearer.EXPLANATIONS,
    **registration.EXPLANATIONS,
    **oauth1.EXPLANATIONS,
}
_OTHER = Explanation("The request was refused", "The server's own sentence below says why.")


def explanation_of(cause: str) -> Explanation:
    """Return the words for a cause; a ledger can hold one that an older version recorded."""
    return EXPLANATIONS.get(cause, _OTHER)


__all__ = ["EXPLANATIONS", "Compare", "Explanation", "FixKind", "explanation_of"]
