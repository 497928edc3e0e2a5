"""Installs Debian packages, where this is Debian and we are root; elsewhere the caller names what is missing."""

import os
import shutil
import subprocess

_updated = False


def may_install() -> bool:
    """True on Debian and its children for root, who can install packages without being asked anything."""
    return shutil.which("apt-get") is not None and os.geteuid() == 0


def install(*packages: str) -> bool:
    """Installs the packages without their recommendations and answers whether that worked."""
    if not may_install():
        return False
    _update_once()
    print(f"Installing Debian's {', '.join(packages)} …", flush=True)
    return _apt_get("install", "-y", "--no-install-recommends", *packages)


def _update_once() -> None:
    """Refreshes the package lists, once a run: on a fresh image they are empty or point at versions that are gone."""
    global _updated  # noqa: PLW0603 - one process, one list of packages
    if not _updated:
        print("Refreshing Debian's package lists …", flush=True)
        _apt_get("update", "-q")
        _updated = True


def _apt_get(*arguments: str) -> bool:
    """Runs apt-get silently; what it said is shown only when it failed."""
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
