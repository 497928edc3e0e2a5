"""Compiled templates, shared by all applications of a test process: compiling costs more than most tests do."""

from flask import Flask
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket


class _Memory(BytecodeCache):
    def __init__(self) -> None:
        self._compiled: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self._compiled:
            bucket.bytecode_from_string(self._compiled[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._compiled[bucket.key] = bucket.bytecode_to_string()


_MEMORY = _Memory()


def share(app: Flask) -> None:
    """Lets an application use what another one has compiled, as long as the template is the same."""
    app.jinja_env.bytecode_cache = _MEMORY
