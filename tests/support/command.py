"""Runs `authserver` commands in this process, with the settings of a test."""

import json
from typing import Any

from click.testing import CliRunner, Result

from authserver.settings import Settings
from tests.support.databases import environment

_PASSED_ON = ("public_url", "database_url", "keys_dir", "password_hash_memory", "password_hash_rounds")


class Runner:
    """Calls the command line as a shell does: it gets its settings from the environment."""

    def __init__(self, settings: Settings | dict[str, str]) -> None:
        if isinstance(settings, Settings):
            settings = {name: str(getattr(settings, name)) for name in _PASSED_ON}
        self._environment = environment(**settings)

    def invoke(self, *arguments: str, stdin: str | None = None) -> Result:
        """Run a command and return the result, successful or not."""
        from authserver.cli import main

        return CliRunner().invoke(main, arguments, input=stdin, env=self._environment)

    def run(self, *arguments: str, stdin: str | None = None) -> str:
        """Run a command and return its output. Fail if the command fails."""
        result = self.invoke(*arguments, stdin=stdin)
        assert result.exit_code == 0, (
            f"authserver {' '.join(arguments)}:\n{result.output}\n{result.exception!r}"
        )
        return result.stdout

    def run_json(self, *arguments: str, stdin: str | None = None) -> Any:
        """Run a command with --json and return the parsed output."""
        return json.loads(self.run(*arguments, "--json", stdin=stdin))
