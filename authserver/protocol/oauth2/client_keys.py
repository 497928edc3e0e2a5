"""The public keys of clients: from the registration, or fetched from the address that it names and kept for a while.

A key that is not known is looked for again at most every few seconds, so that nobody can make this server fetch more
often by inventing key ids.
"""

import json
import time
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Any, NamedTuple

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet, OctKey, OKPKey, RSAKey

from authserver.domain.fetcher import Fetcher, FetchFailed
from authserver.domain.policies import Policy

KEPT_SECONDS = 600
ASK_AGAIN_SECONDS = 10
_KEPT = 1000
_KEYS = 50

PublicKey = RSAKey | ECKey | OKPKey


class _Fetched(NamedTuple):
    keys: tuple[PublicKey, ...]
    at: float
    fault: str = ""


class ClientKeys:
    """The key sets that one process knows."""

    def __init__(self, fetcher: Fetcher, ticks: Callable[[], float] = time.monotonic) -> None:
        self._fetcher = fetcher
        self._ticks = ticks
        self._fetched: OrderedDict[str, _Fetched] = OrderedDict()
        self._registered: OrderedDict[tuple[int, int], tuple[PublicKey, ...]] = OrderedDict()
        self._guard = Lock()

    def find(self, policy: Policy, kid: Any, kind: str) -> tuple[PublicKey, ...]:
        """Return the keys of a client that may have signed, by key id and key type; raises FetchFailed."""
        uri = policy.details.get("jwks_uri")
        if uri is None:
            return _matching(self._of_registration(policy), kid, kind)
        known = self._fetched.get(uri)
        age = KEPT_SECONDS if known is None else self._ticks() - known.at
        found = _matching(known.keys, kid, kind) if known is not None and age < KEPT_SECONDS else ()
        if found or (known is not None and age < ASK_AGAIN_SECONDS):
            if known is not None and known.fault:
                raise FetchFailed(known.fault)
            return found
        return _matching(self._fetch(uri), kid, kind)

    def _of_registration(self, policy: Policy) -> tuple[PublicKey, ...]:
        mark = (policy.id, policy.revision)
        if mark not in self._registered:
            keys = read(policy.details.get("jwks"))
            with self._guard:
                self._registered[mark] = keys
                while len(self._registered) > _KEPT:
                    self._registered.popitem(last=False)
        return self._registered.get(mark, ())

    def _fetch(self, uri: str) -> tuple[PublicKey, ...]:
        keys: tuple[PublicKey, ...] = ()
        fault = ""
        try:
            answer = self._fetcher.get(uri)
            if answer.status != 200:
                raise FetchFailed(f"The key set was answered with status {answer.status}.")
            keys = read(json.loads(answer.body))
        except (ValueError, RecursionError):
            fault = "The key set is not JSON."
        except FetchFailed as error:
            fault = str(error)
        with self._guard:
            self._fetched[uri] = _Fetched(keys, self._ticks(), fault)
            while len(self._fetched) > _KEPT:
                self._fetched.popitem(last=False)
        if fault:
            raise FetchFailed(fault)
        return keys


def read(document: Any) -> tuple[PublicKey, ...]:
    """Return the public keys of a JWK set; what cannot be used is left out (RFC 7517, section 5)."""
    listed = document.get("keys") if isinstance(document, dict) else None
    keys: list[PublicKey] = []
    for entry in listed[:_KEYS] if isinstance(listed, list) else ():
        try:
            (key,) = KeySet.import_key_set({"keys": [entry]}).keys
        except (ValueError, TypeError, KeyError, AttributeError, JoseError, RecursionError):
            continue
        if not isinstance(key, OctKey) and entry.get("use", "sig") == "sig":
            keys.append(key)
    return tuple(keys)


def _matching(keys: tuple[PublicKey, ...], kid: Any, kind: str) -> tuple[PublicKey, ...]:
    same = tuple(key for key in keys if key.key_type == kind)
    # Keys may come without an id (OpenID Connect Core, section 10.1); then every one of the type is tried.
    return same if kid is None else tuple(key for key in same if key.as_dict().get("kid") in (kid, None))
