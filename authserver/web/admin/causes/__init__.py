"""The words for every cause that the diagnostics ledger records: one table, each group of causes in a room of its own.

A house test holds the table and the code together: no cause without words, no words without a cause.
"""

from authserver.web.admin.causes import (
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
from authserver.web.admin.causes.words import Compare, Remedy, Words

WORDS: dict[str, Words] = {
    **client.WORDS,
    **messages.WORDS,
    **transport.WORDS,
    **people.WORDS,
    **authentication.WORDS,
    **tokens.WORDS,
    **bearer.WORDS,
    **registration.WORDS,
    **oauth1.WORDS,
}
_OTHER = Words("The request was refused", "The server's own sentence below says why.")


def words_of(cause: str) -> Words:
    """Return the words for a cause; a ledger can hold one that an older version recorded."""
    return WORDS.get(cause, _OTHER)


__all__ = ["WORDS", "Compare", "Remedy", "Words", "words_of"]
