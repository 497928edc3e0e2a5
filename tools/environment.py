"""Creates .venv with the dependencies of one lock file, each verified by its hash, and this package.

Run it as `python tools/environment.py requirements.lock` with the Python for .venv. Running it again updates an existing
.venv.
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
    """Create or update the environment, or exit with a message that describes how to correct the problem."""
    if sys.version_info < (3, 11):  # noqa: UP036 - users who run this file directly may have an older Python
        sys.exit(f"authserver needs Python 3.11 or newer; this is {sys.version.split()[0]}.")
    if not PYTHON.exists():
        _create()
    print(f"Installing the packages of {lock} into .venv …", flush=True)
    _pip("install", "--require-hashes", "--only-binary", ":all:", "--requirement", str(ROOT / lock))
    # The lock file includes the build backend, so this downloads nothing: no isolation, no dependencies, no index.
    _pip("install", "--no-deps", "--no-build-isolation", "--no-index", "--editable", str(ROOT))


def _create() -> None:
    """Create an empty environment. Debian packages the venv module separately, so install it there."""
    print("Creating the environment .venv …", flush=True)
    if _create_venv():
        return
    series = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
    if debian.install("python3-venv", series) and _create_venv():
        return
    sys.exit(f"This Python has no venv module. Install it (on Debian: apt-get install {series}).")


def _create_venv() -> bool:
    made = subprocess.run(
        [sys.executable, "-m", "venv", "--clear", str(VENV)], capture_output=True, check=False
    )
    return made.returncode == 0


def _pip(*arguments: str) -> None:
    """Run pip. Its output is shown only if it fails."""
    command = [str(PYTHON), "-m", "pip", "--disable-pip-version-check", *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{done.stdout}\npip could not install the packages; see its output above.")


if __name__ == "__main__":
    main(sys.argv[1])
