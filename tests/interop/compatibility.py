"""The applications of other projects that the tests connect, and the table of them in docs/how-to/compatibility.md.

An application is declared once, in `applications.py`, with everything that its client needs beyond the console's defaults.
The tests create the client from this declaration. `@shows(check, application)` on a test adds the check to the table.
"""

import importlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

FOLDER = Path(__file__).parent
ROOT = FOLDER.parent.parent
PAGE = ROOT / "docs" / "how-to" / "compatibility.md"
Test = TypeVar("Test", bound=Callable[..., Any])


class Check(StrEnum):
    """What a test does with an application. The order is that of the table."""

    SIGN_IN = "sign-in"
    REFRESH = "refresh token"
    SIGN_OUT = "sign-out"
    BACKCHANNEL = "back-channel logout"
    DEVICE = "device flow"
    REGISTRATION = "dynamic registration"
    PASSWORD = "password grant"
    CLIENT_CREDENTIALS = "client credentials grant"
    OPAQUE = "API with opaque tokens"
    JWT = "API with JWTs"
    TWO_LEGGED = "two-legged calls"


class Toolchain(StrEnum):
    """What runs an application."""

    PYTHON = "python"
    NODE = "node"
    PROGRAM = "program"
    GO = "go"
    JAVA = "java"


@dataclass(frozen=True)
class Setting:
    """A setting of the client that differs from the console's defaults, with its sentence in the table."""

    sentence: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    """The fields of the console's form. `{base}` stands for the URL of the application."""
    options: tuple[str, ...] = ()
    """Options of `authserver clients edit`, for settings that the form for a new client does not contain."""


@dataclass(frozen=True, eq=False)
class Application:
    """An application or library of another project."""

    name: str
    version: str
    program: tuple[Toolchain, str]
    """The toolchain, and what it starts: a module, a script, a program, or a project and its main class."""
    settings: tuple[Setting, ...] = ()
    in_application: str = ""
    """What the application itself needs to be told, apart from issuer, client key, secret and redirect URI."""
    kind: str = "oidc"
    callback: str = "/callback"
    callers: tuple[Setting, ...] = ()
    """For an API: the settings of the clients that get tokens for it."""
    source: str = ""
    """The file that shows how the application is configured, in tests/, if `program` does not name it."""
    button: str = ""
    """The label of a button that the user presses before the application asks the server."""

    @property
    def example(self) -> str:
        """The file that shows how the application is configured, relative to the root."""
        toolchain, program = self.program
        if self.source:
            return f"tests/{self.source}"
        match toolchain:
            case Toolchain.NODE:
                return f"tests/interop/node/{program}"
            case Toolchain.GO:
                return f"tests/interop/go/{program}/main.go"
            case Toolchain.JAVA:
                project, main_class = program.split()
                home = f"tests/interop/java/{project.partition('/')[0]}/src/main"
                return f"{home}/java/{main_class.replace('.', '/')}.java"
            case _:
                return f"{program.replace('.', '/')}.py"

    @property
    def suite(self) -> str:
        """The command that runs its tests."""
        needs_toolchain = self.program[0] in {Toolchain.GO, Toolchain.JAVA}
        return "make interop-all" if needs_toolchain else "make test"


_shown: dict[Application, set[Check]] = {}


def shows(check: Check, *applications: Application) -> Callable[[Test], Test]:
    """Declare that a test proves a check for these applications."""

    def decorate(test: Test) -> Test:
        for application in applications:
            _shown.setdefault(application, set()).add(check)
        return test

    return decorate


def python_version(package: str) -> str:
    """Return the version of a Python package that the tests use."""
    return _find(ROOT / "requirements-test.lock", rf"^{re.escape(package)}==(\S+)")


def node_version(package: str) -> str:
    """Return the version of a Node package that the tests use."""
    packages = json.loads((FOLDER / "node" / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    return str(packages[f"node_modules/{package}"]["version"])


def go_version(module: str) -> str:
    """Return the version of a Go module that the tests use."""
    return _find(FOLDER / "go" / "go.mod", rf"^\s*(?:require )?{re.escape(module)} v(\S+)")


def java_version(project: str, artifact: str) -> str:
    """Return the version of a Java library that a project in java/ uses."""
    pom = FOLDER / "java" / project / "pom.xml"
    return _find(pom, rf"<artifactId>{re.escape(artifact)}</artifactId>\s*<version>([^<]+)<")


def _find(path: Path, pattern: str) -> str:
    found = re.search(pattern, path.read_text(encoding="utf-8"), re.MULTILINE)
    assert found, f"{pattern} is not in {path}"
    return found[1]


_HEAD = """# Clients of other projects

The test suite connects these applications and libraries to a running server. Each test creates the client with the form
*Create client* of the console. It fills in the name and the redirect URI, and changes only the settings in the column
*Settings of the client*. A user then signs in, and allows devices, with a real browser.

Every application needs the issuer (for OAuth 1.0a: the addresses of the endpoints), the client key and the secret. If an
application fails, see [rejected requests](rejected-requests.md).

Each name is a link to a complete example. `make test` runs the tests of most applications. `make interop-all` runs all of
them. It needs Go, a JDK and Maven.

This page is generated from the tests by `make reference`.

## Applications

"""
_APIS_HEAD = """
## APIs

A user signs in to an application, and the application calls the API with its access token.
[Protect an API](protect-an-api.md) explains the settings.

"""
_COLUMNS = (
    "Application",
    "Version tested",
    "What was tested",
    "Settings of the client",
    "Settings of the application",
    "Run by",
)


def shown() -> dict[Application, set[Check]]:
    """Return the checks of each application, from the tests in this folder."""
    for path in sorted(FOLDER.glob("test_*.py")):
        importlib.import_module(f"tests.interop.{path.stem}")
    return _shown


def page() -> str:
    """Return the page with the tables."""
    tested = sorted(shown().items(), key=lambda item: item[0].name.lower())
    return "".join(
        [
            _HEAD,
            *_table([item for item in tested if not item[0].callers]),
            _APIS_HEAD,
            *_table([item for item in tested if item[0].callers]),
        ]
    )


def _table(tested: list[tuple[Application, set[Check]]]) -> list[str]:
    return [_line(_COLUMNS), "|---" * len(_COLUMNS) + "|\n", *(_row(*item) for item in tested)]


def _row(application: Application, tested: set[Check]) -> str:
    checks = ", ".join(check for check in Check if check in tested)
    sentences = " ".join(setting.sentence for setting in (*application.settings, *application.callers))
    return _line(
        (
            f"[{application.name}](../../{application.example})",
            application.version,
            checks,
            sentences or "The defaults.",
            application.in_application or "None.",
            f"`{application.suite}`",
        )
    )


def _line(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |\n"
