"""Finds the third-party programs that the tests use and that pip does not install. Installs them where possible.

These are Chromium, Node with the packages of tests/interop/node, Apache with mod_auth_openidc, and oidc-agent.
`python -m tools.external_programs` installs them. The tests call `chromium()`, `node()` and so on to find them. For
each missing program, a message is printed, and the tests that need the program are skipped (with CI=true a skip is a
failure).
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tools import debian

ROOT = Path(__file__).resolve().parent.parent
NODE_HOME = ROOT / "tests" / "interop" / "node"
OLDEST_NODE = 20
# The headless shell has the same engine as the desktop browser, and opens pages in less time.
BROWSER_NAMES = (
    "chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
)
APACHE_MODULES = (Path("/usr/lib/apache2/modules"), Path("/usr/lib64/httpd/modules"))


def chromium() -> str | None:
    """Return the path of a Chromium: TEST_BROWSER, one in PATH, or the one that Playwright downloaded."""
    named = os.environ.get("TEST_BROWSER")
    if named:
        return named
    found = (shutil.which(name) for name in BROWSER_NAMES)
    return next(filter(None, found), None) or _playwright_chromium()


def node() -> str | None:
    """Return the path of a recent Node with the packages of tests/interop/node installed, or None."""
    return _node_program() if (NODE_HOME / "node_modules" / ".package-lock.json").exists() else None


def apache() -> tuple[str, Path] | None:
    """Return the Apache program and the folder of its modules if mod_auth_openidc is installed, or None."""
    program = shutil.which("apache2") or shutil.which("apache2", path="/usr/sbin") or shutil.which("httpd")
    modules = next((m for m in APACHE_MODULES if (m / "mod_auth_openidc.so").exists()), None)
    return (program, modules) if program and modules else None


def oidc_agent() -> str | None:
    """Return the path of oidc-gen, which connects devices with oidc-agent, or None."""
    return shutil.which("oidc-gen") if shutil.which("oidc-agent") and shutil.which("oidc-token") else None


def _playwright_chromium() -> str | None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def _node_program() -> str | None:
    program = shutil.which("node")
    if not program:
        return None
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    number = re.match(r"v(\d+)", version)
    return program if number and int(number[1]) >= OLDEST_NODE else None


def _get_chromium() -> None:
    packages = ("chromium-headless-shell", "chromium")
    if not any(debian.install(package, "fonts-dejavu-core") for package in packages):
        print("Downloading Chromium with Playwright …", flush=True)
        command = [sys.executable, "-m", "playwright", "install", "chromium"]
        subprocess.run(command, stderr=subprocess.DEVNULL, check=False)


def _get_node() -> None:
    if not (_node_program() and shutil.which("npm")):
        debian.install("nodejs", "npm")
    npm = shutil.which("npm")
    if npm and _node_program():
        print("Installing the Node packages of tests/interop/node …", flush=True)
        subprocess.run([npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=NODE_HOME, check=False)


def _get_apache() -> None:
    # apache2-bin contains the program without the service, so it starts nothing and uses no port.
    debian.install("apache2-bin", "libapache2-mod-auth-openidc")


def _get_oidc_agent() -> None:
    debian.install("oidc-agent-cli")


def _are_node_packages_stale() -> bool:
    installed, locked = NODE_HOME / "node_modules" / ".package-lock.json", NODE_HOME / "package-lock.json"
    return not installed.exists() or installed.stat().st_mtime < locked.stat().st_mtime


def _provide(name: str, find: Callable[[], object], get: Callable[[], None], advice: str) -> None:
    if not find():
        get()
    if not find():
        print(f"Missing: {name}. The tests that need it will be skipped. To run them, {advice}.", flush=True)


def main() -> None:
    """Install all programs, and print a message for each missing program."""
    _provide("a Chromium", chromium, _get_chromium, "add one to PATH or set TEST_BROWSER")
    _provide(
        f"Node {OLDEST_NODE} or newer with npm",
        lambda: node() and not _are_node_packages_stale(),
        _get_node,
        "install Node and run `npm ci` in tests/interop/node",
    )
    _provide("Apache with mod_auth_openidc", apache, _get_apache, "install libapache2-mod-auth-openidc")
    _provide("oidc-agent", oidc_agent, _get_oidc_agent, "install oidc-agent-cli")


if __name__ == "__main__":
    main()
