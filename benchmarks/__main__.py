"""``python -m benchmarks``: see the package."""

import argparse
import hashlib
import shutil
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks import load
from benchmarks.load import BurstFailed, Target
from benchmarks.targets import bare_flask, prepared_targets
from tests.support import databases, run, servers

DRIFT = 0.15
console = Console()


def main() -> int:
    """Measure each database and print a table. Return the exit code, which is 1 if wrk is not installed."""
    options = _options()
    if shutil.which("wrk") is None:
        console.print("wrk is not installed. Install it (on Debian: apt-get install wrk).")
        return 1
    run.begin()
    try:
        for kind in options.database or databases.KINDS:
            _measure(kind, options.rounds, options.seconds)
    finally:
        run.end()
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench ARGS=…")
    parser.add_argument("--database", action="append", choices=databases.KINDS, help="default: both")
    parser.add_argument("--rounds", type=int, default=5, help="number of bursts per target")
    parser.add_argument("--seconds", type=int, default=3, help="duration of one burst")
    return parser.parse_args()


def _measure(kind: str, rounds: int, seconds: int) -> None:
    before = _calibrate()
    with tempfile.TemporaryDirectory() as name, databases.migrated(kind, Path(name)) as url:
        folder = Path(name)
        keys = databases.copy_keys(folder)
        # A burst ends in the middle of a response. The grace window keeps its refresh token usable for the next burst.
        settings = {"log_level": "warning", "refresh_grace": "3600"}
        with servers.serve(url, keys, folder, **settings) as server, bare_flask(folder) as bare:
            targets = [bare, *prepared_targets(server)]
            figures = _take_turns(targets, rounds, seconds)
    drift = abs(_calibrate() / before - 1)
    _print(kind, targets, figures, drift)


def _take_turns(targets: list[Target], rounds: int, seconds: int) -> dict[str, list[float]]:
    figures: dict[str, list[float]] = defaultdict(list)
    for target in targets:
        load.burst(target, 1)  # warm-up
    for _ in track(range(rounds), "Measuring", console=console, transient=True):
        for target in targets:
            try:
                figures[target.name].append(load.burst(target, seconds))
            except BurstFailed as error:
                console.print(f"Discarded the result of a burst with errors: {error}")
    return figures


def _calibrate() -> float:
    """Return how many times per second this machine hashes one megabyte."""
    block, count, until = bytes(1 << 20), 0, time.perf_counter() + 1
    while time.perf_counter() < until:
        hashlib.sha256(block).digest()
        count += 1
    return count


def _print(kind: str, targets: list[Target], figures: dict[str, list[float]], drift: float) -> None:
    table = Table(
        title=f"{kind}: one worker, {load.CONNECTIONS} connections; Python {sys.version.split()[0]}"
    )
    for heading in ("", "requests/s", "lowest", "highest", "ratio to a bare Flask route"):
        table.add_column(heading, justify="left" if not heading else "right")
    base = statistics.median(figures[targets[0].name])
    for target in targets:
        values = figures[target.name]
        if values:
            median = statistics.median(values)
            table.add_row(
                target.name,
                f"{median:.0f}",
                f"{min(values):.0f}",
                f"{max(values):.0f}",
                f"{median / base:.2f}",
            )
    console.print(table)
    if drift > DRIFT:
        console.print(f"The speed of the machine changed by {drift:.0%} during the run. Measure again.")


if __name__ == "__main__":
    sys.exit(main())
