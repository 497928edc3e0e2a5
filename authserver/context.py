"""Who acts, and from where: the value that doors and commands hand down so that audit and logs can name it."""

from dataclasses import dataclass
from typing import Literal

Channel = Literal["browser", "machine", "command", "system"]


@dataclass(frozen=True, slots=True)
class Actor:
    """The person, client or process behind an action.

    ``user_id`` is None for machines, commands and people who have not signed in; ``name`` is what a reader of the
    audit trail recognises; ``address`` is the network address, or empty.
    """

    name: str
    user_id: int | None = None
    address: str = ""
    channel: Channel = "system"
    request_id: str = ""


SYSTEM = Actor(name="system")
