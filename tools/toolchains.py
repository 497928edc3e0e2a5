"""Builds the applications in tests/interop/go and tests/interop/java: `python -m tools.toolchains`.

`make interop-all` runs this before the tests. Go, or a JDK and Maven, download the pinned dependencies with the settings of
the machine. If a program is missing or a build fails, this prints the reason, continues with the next build, and fails at
the end. The tests of an application that was not built fail as well, so nothing is skipped.
"""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from tools.external_programs import ROOT

GO_HOME = ROOT / "tests" / "interop" / "go"
GO_BUILD = GO_HOME / "build"
GO_PROGRAMS = {
    "login": "./login",
    "api": "./api",
    "oauth2-proxy": "github.com/oauth2-proxy/oauth2-proxy/v7",
}
JAVA_HOME = ROOT / "tests" / "interop" / "java"
JAVA_PROJECTS = ("spring-boot/boot-3", "spring-boot/boot-4", "oauth1")
# A short-lived process starts faster with the first compiler only.
JAVA_OPTIONS = ("-XX:TieredStopAtLevel=1", "-Xshare:auto", "-Xmx256m")


def go_program(name: str) -> list[str]:
    """Return the command that starts a Go program. Raise FileNotFoundError if it was not built."""
    return [str(_built(GO_BUILD / name))]


def java_program(project: str, main_class: str) -> list[str]:
    """Return the command that starts a Java class. A Spring application reads the properties named like its package."""
    target = JAVA_HOME / project / "target"
    path = os.pathsep.join((str(_built(target / "classes")), f"{_built(target / 'lib')}/*"))
    named = [f"-Dspring.config.name={main_class.partition('.')[0]}"] if "." in main_class else []
    return ["java", *JAVA_OPTIONS, *named, "-cp", path, main_class]


def _built(path: Path) -> Path:
    if not path.exists():
        raise FileNotFoundError(f"{path.relative_to(ROOT)} does not exist: run `make interop-all`")
    return path


def _build(name: str, command: list[str], folder: Path) -> bool:
    if shutil.which(command[0]) is None:
        print(f"Missing: {command[0]}, which builds {name}. Install it and run this again.", flush=True)
        return False
    print(f"Building {name} …", flush=True)
    started = time.monotonic()
    done = subprocess.run(command, cwd=folder, check=False)
    result = "Built" if done.returncode == 0 else "Failed to build"
    print(f"{result} {name} in {time.monotonic() - started:.0f} s.", flush=True)
    return done.returncode == 0


def main() -> None:
    """Build everything, and fail if something could not be built."""
    GO_BUILD.mkdir(exist_ok=True)
    results = [
        _build(f"{name} (Go)", ["go", "build", "-o", str(GO_BUILD / name), source], GO_HOME)
        for name, source in GO_PROGRAMS.items()
    ]
    results += [
        _build(f"{project} (Java)", ["mvn", "--quiet", "--batch-mode", "package"], JAVA_HOME / project)
        for project in JAVA_PROJECTS
    ]
    sys.exit(not all(results))


if __name__ == "__main__":
    main()
