"""The public keys of clients: from the registration, or fetched from the client's jwks_uri and cached.

An unknown key id triggers a new fetch, but at most once every few seconds and in only one request at a time. A sender
cannot cause more fetches by inventing key ids. After a failure, the server waits before it tries the same URL again, twice
as long after each further failure. Keys that it fetched earlier stay valid for a limited time.

Callers check first that the client is approved (S4).
"""

import json
import time
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Any, NamedTuple

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey, import_key

from authserver.domain import fetcher
from authserver.domain.client_cache import RegisteredClient
from authserver.domain.clients.metadata_types import is_short_rsa_key
from authserver.domain.fetcher import Fetcher, FetchFailed
from authserver.errors import Busy

CACHE_SECONDS = 600
MIN_REFETCH_SECONDS = 10
FIRST_RETRY_SECONDS = 60
MAX_RETRY_SECONDS = 960
MAX_STALE_SECONDS = 3600
"""The maximum age of fetched keys. They are used for longer than CACHE_SECONDS only until they are fetched again."""
_MAX_WAIT_SECONDS = 1
_MAX_CACHED_SETS = 1000
_MAX_KEYS_PER_SET = 50
_KEY_TYPES = ("RSA", "EC", "OKP")

PublicKey = RSAKey | ECKey | OKPKey


class _Key(NamedTuple):
    """A key and its key id."""

    key: PublicKey
    kid: str | None


class _Fetched(NamedTuple):
    """The keys at a URL and when they were fetched. ``error`` is empty unless the latest ``failures`` attempts failed."""

    keys: tuple[_Key, ...]
    at: float
    error: str = ""
    failures: int = 0
    retry_at: float = 0


_NOTHING = _Fetched((), float("-inf"))


class ClientKeySets:
    """Finds the keys of clients, and caches their key sets in this process."""

    def __init__(self, keys_fetcher: Fetcher, ticks: Callable[[], float] = time.monotonic) -> None:
        self._fetcher = keys_fetcher
        self._ticks = ticks
        self._fetched: OrderedDict[str, _Fetched] = OrderedDict()
        self._fetching: dict[str, Lock] = {}
        self._registered: OrderedDict[tuple[int, int], tuple[_Key, ...]] = OrderedDict()
        self._guard = Lock()

    def find(self, client: RegisteredClient, kid: Any, key_type: str) -> tuple[PublicKey, ...]:
        """Return the keys of an approved client with this key id and key type; raises FetchFailed or Busy."""
        uri = client.details.get("jwks_uri")
        if uri is None:
            return _matching(self._registered_keys(client), kid, key_type)
        known = self._fetched_keys(uri, kid, key_type)
        found = _matching(known.keys, kid, key_type)
        if known.error and not found:
            seconds = max(1, round(known.retry_at - self._ticks()))
            raise FetchFailed(f"{known.error} The server tries again after {seconds} seconds.")
        return found

    def _registered_keys(self, client: RegisteredClient) -> tuple[_Key, ...]:
        cache_key = (client.id, client.revision)
        keys = self._registered.get(cache_key)
        if keys is None:
            keys = parse_jwk_set(client.details.get("jwks"))
            self._keep(self._registered, cache_key, keys)
        return keys

    def _fetched_keys(self, uri: str, kid: Any, key_type: str) -> _Fetched:
        known = self._fetched.get(uri, _NOTHING)
        age = self._ticks() - known.at
        is_stale = age >= MAX_STALE_SECONDS
        if self._is_due(known, kid, key_type):
            try:
                return self._fetch_once(uri, known, waits=is_stale)
            except Busy:
                if is_stale or not _matching(known.keys, kid, key_type):
                    raise
        return known._replace(keys=()) if is_stale else known

    def _is_due(self, known: _Fetched, kid: Any, key_type: str) -> bool:
        if known.failures:
            return self._ticks() >= known.retry_at
        age = self._ticks() - known.at
        is_named = any(_is_named(one, kid, key_type) for one in known.keys)
        return age >= CACHE_SECONDS or (age >= MIN_REFETCH_SECONDS and not is_named)

    def _fetch_once(self, uri: str, seen: _Fetched, *, waits: bool) -> _Fetched:
        """Fetch a key set, in only one request at a time; raises Busy.

        If another request is fetching the key set, wait a moment for its result if ``waits`` is true; otherwise return
        ``seen``.
        """
        with self._guard:
            fetching = self._fetching.setdefault(uri, Lock())
        if not fetching.acquire(timeout=_MAX_WAIT_SECONDS if waits else 0):
            if waits:
                raise Busy(_MAX_WAIT_SECONDS, fetcher.BUSY)
            return seen
        try:
            known = self._fetched.get(uri, _NOTHING)
            if known is seen or known is _NOTHING:
                known = self._fetch(uri, known)
                self._keep(self._fetched, uri, known)
            return known
        finally:
            self._fetching.pop(uri, None)
            fetching.release()

    def _fetch(self, uri: str, before: _Fetched) -> _Fetched:
        try:
            response = self._fetcher.get(uri)
            if response.status != 200:
                raise FetchFailed(f"The server of the key set responded with status {response.status}.")
            return _Fetched(parse_jwk_set(json.loads(response.body)), self._ticks())
        except (ValueError, RecursionError):
            return self._failed(before, "The key set is not JSON.")
        except FetchFailed as error:
            return self._failed(before, str(error))

    def _failed(self, before: _Fetched, error: str) -> _Fetched:
        """Return the keys from before with the error, and with the time of the next attempt."""
        now = self._ticks()
        wait = min(FIRST_RETRY_SECONDS * 2**before.failures, MAX_RETRY_SECONDS)
        keys = before.keys if now - before.at < MAX_STALE_SECONDS else ()
        return _Fetched(keys, before.at, error, min(before.failures + 1, 10), now + wait)

    def _keep(self, cache: OrderedDict[Any, Any], cache_key: Any, value: Any) -> None:
        with self._guard:
            cache[cache_key] = value
            while len(cache) > _MAX_CACHED_SETS:
                cache.popitem(last=False)


def parse_jwk_set(document: Any) -> tuple[_Key, ...]:
    """Return the public keys of a JWK set, ignoring those that cannot be used (RFC 7517, section 5)."""
    listed = document.get("keys") if isinstance(document, dict) else None
    found = map(_usable, listed[:_MAX_KEYS_PER_SET] if isinstance(listed, list) else ())
    return tuple(key for key in found if key is not None)


def _matching(keys: tuple[_Key, ...], kid: Any, key_type: str) -> tuple[PublicKey, ...]:
    # A key set may have keys without an id (OpenID Connect Core, section 10.1); they match every key id.
    ids = (kid, None)
    return tuple(one.key for one in keys if one.key.key_type == key_type and (kid is None or one.kid in ids))


def _usable(entry: Any) -> _Key | None:
    if not isinstance(entry, dict) or entry.get("kty") not in _KEY_TYPES or entry.get("use", "sig") != "sig":
        return None
    if is_short_rsa_key(entry):
        return None
    try:
        key = import_key(entry)
    except (ValueError, TypeError, KeyError, AttributeError, JoseError, RecursionError):
        return None
    return _Key(key, entry.get("kid"))  # type: ignore[arg-type]


def _is_named(known: _Key, kid: Any, key_type: str) -> bool:
    return known.key.key_type == key_type and (kid is None or known.kid == kid)
