"""Compiled templates, routes and imported keys, which all applications of a test process share."""

from collections.abc import Callable
from functools import cache
from typing import Any

from flask import Flask
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from joserfc.jwk import RSAKey
from werkzeug.routing import Rule


class _Memory(BytecodeCache):
    def __init__(self) -> None:
        self._compiled: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self._compiled:
            bucket.bytecode_from_string(self._compiled[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._compiled[bucket.key] = bucket.bytecode_to_string()


_MEMORY = _Memory()


def share() -> None:
    """Share routes and keys among all applications that this process creates from now on."""
    _share_routes()
    _share_keys()


def share_templates(app: Flask) -> None:
    """Let an application use the templates that other applications compiled."""
    app.jinja_env.bytecode_cache = _MEMORY


def _share_routes() -> None:
    """Share compiled URL builders: a builder depends only on the parts of its rule; the rule itself is an argument."""
    compiled: dict[Any, Callable[..., tuple[str, str]]] = {}
    compile_builder = Rule._compile_builder

    def remembered(rule: Rule, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        key = (rule.rule, tuple(rule._trace), repr(rule.defaults), append_unknown)
        if key not in compiled:
            compiled[key] = compile_builder(rule, append_unknown)
        return compiled[key]

    Rule._compile_builder = remembered  # type: ignore[method-assign]


def _share_keys() -> None:
    """Cache imported RSA keys: importing one checks its primes, which takes as long as several requests."""
    import_key = RSAKey.import_key
    import_pem = cache(import_key)

    def remembered(value: Any, *arguments: Any, **more: Any) -> RSAKey:
        is_pem = isinstance(value, str) and not arguments and not more
        return import_pem(value) if is_pem else import_key(value, *arguments, **more)

    RSAKey.import_key = remembered  # type: ignore[method-assign,assignment]
