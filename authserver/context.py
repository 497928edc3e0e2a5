"""The actor behind an action. ``web`` and ``cli`` pass it to ``domain``, which records it in the audit trail."""

from dataclasses import dataclass
from typing import Literal

Channel = Literal["browser", "machine", "command", "system"]


@dataclass(frozen=True, slots=True)
class Actor:
    """The user, client or process behind an action.

    ``name`` identifies it in the audit trail. ``user_id`` is None for clients, commands and users who are not signed in.
    ``address`` is the IP address, or empty.
    """

    name: str
    user_id: int | None = None
    address: str = ""
    channel: Channel = "system"
    request_id: str = ""


SYSTEM = Actor(name="system")
