"""Makes .venv: the dependencies of one lock file, every one checked against its hash, and this package in place.

Run as `python tools/environment.py requirements.lock` by the Python that .venv shall have. Making it again over an
existing .venv is harmless and brings it up to date.
"""

import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tools import debian

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"


def main(lock: str) -> None:
    """Makes or refreshes the environment, or ends with one sentence that says what to do."""
    if sys.version_info < (3, 11):  # noqa: UP036 - who calls this file by hand may have an older one
        sys.exit(f"authserver needs Python 3.11 or newer; this is {sys.version.split()[0]}.")
    if not PYTHON.exists():
        _create()
    print(f"Installing the packages of {lock} into .venv …", flush=True)
    _pip("install", "--require-hashes", "--only-binary", ":all:", "--requirement", str(ROOT / lock))
    # The build backend came with the lock, so this fetches nothing: no isolation, no dependencies, no index.
    _pip("install", "--no-deps", "--no-build-isolation", "--no-index", "--editable", str(ROOT))


def _create() -> None:
    """Makes an empty environment; Debian ships Python without the part that does this, so it is fetched there."""
    print("Making the environment .venv …", flush=True)
    if _make_venv():
        return
    series = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
    if debian.install("python3-venv", series) and _make_venv():
        return
    sys.exit(
        f"This Python cannot make environments: install its venv module (on Debian: apt-get install {series})."
    )


def _make_venv() -> bool:
    made = subprocess.run(
        [sys.executable, "-m", "venv", "--clear", str(VENV)], capture_output=True, check=False
    )
    return made.returncode == 0


def _pip(*arguments: str) -> None:
    """Runs pip; what it said is shown only when it failed."""
    command = [str(PYTHON), "-m", "pip", "--disable-pip-version-check", *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{done.stdout}\npip could not install the packages; its own words stand above.")


if __name__ == "__main__":
    main(sys.argv[1])
