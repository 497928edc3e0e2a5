"""Installs Debian packages if the system is Debian and the user is root. Otherwise it does nothing."""

import os
import shutil
import subprocess

_updated = False


def may_install() -> bool:
    """Return whether this is Debian or a derivative, and the user is root."""
    return shutil.which("apt-get") is not None and os.geteuid() == 0


def install(*packages: str) -> bool:
    """Install packages without the recommended ones. Return whether the installation succeeded."""
    if not may_install():
        return False
    _update_once()
    print(f"Installing Debian's {', '.join(packages)} …", flush=True)
    return _apt_get("install", "-y", "--no-install-recommends", *packages)


def _update_once() -> None:
    """Refresh the package lists, once per run. In a new image they are empty or outdated."""
    global _updated  # noqa: PLW0603 - one process, one list of packages
    if not _updated:
        print("Refreshing Debian's package lists …", flush=True)
        _apt_get("update", "-q")
        _updated = True


def _apt_get(*arguments: str) -> bool:
    """Run apt-get silently. Its output is shown only if it fails."""
    done = subprocess.run(
        ["apt-get", "-q", *arguments],
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        print(done.stdout[-2000:], flush=True)
    return done.returncode == 0
