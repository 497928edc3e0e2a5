"""The command ``python -m benchmarks``."""

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
from benchmarks.load import InvalidBurst, Target
from benchmarks.targets import prepared_targets, run_minimal_flask
from tests.support import databases, run, servers

MAX_DRIFT = 0.15
console = Console()


def main() -> int:
    """Measure with each database and print a table per database. Return exit code 1 if wrk is not installed."""
    options = _options()
    if shutil.which("wrk") is None:
        console.print("wrk is not installed. On Debian: apt-get install wrk")
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
    parser.add_argument("--rounds", type=int, default=5, help="number of measurements per target")
    parser.add_argument("--seconds", type=int, default=3, help="duration of one burst")
    return parser.parse_args()


def _measure(kind: str, rounds: int, seconds: int) -> None:
    before = _calibrate()
    with tempfile.TemporaryDirectory() as name, databases.migrated(kind, Path(name)) as url:
        folder = Path(name)
        keys = databases.copy_keys(folder)
        # A burst may end before the client has received the last response. With a long grace window, the old refresh
        # token is still valid in the next burst.
        overrides = {"log_level": "warning", "refresh_grace": "3600"}
        with servers.serve(url, keys, folder, **overrides) as server, run_minimal_flask(folder) as minimal:
            targets = [minimal, *prepared_targets(server)]
            rates = _measure_targets(targets, rounds, seconds)
    drift = abs(_calibrate() / before - 1)
    _print(kind, targets, rates, drift)


def _measure_targets(targets: list[Target], rounds: int, seconds: int) -> dict[str, list[float]]:
    """Measure all targets in each round, and return the requests per second of each target."""
    rates: dict[str, list[float]] = defaultdict(list)
    for target in targets:
        load.burst(target, 1)  # warm-up
    for _ in track(range(rounds), "Measuring", console=console, transient=True):
        for target in targets:
            try:
                rates[target.name].append(load.burst(target, seconds))
            except InvalidBurst as error:
                console.print(f"Discarded a burst with errors: {error}")
    return rates


def _calibrate() -> float:
    """Return how many hashes of one mebibyte this machine computes in a second."""
    block, count, until = bytes(1 << 20), 0, time.perf_counter() + 1
    while time.perf_counter() < until:
        hashlib.sha256(block).digest()
        count += 1
    return count


def _print(kind: str, targets: list[Target], rates: dict[str, list[float]], drift: float) -> None:
    table = Table(
        title=f"{kind}: one worker, {load.CONNECTIONS} connections; Python {sys.version.split()[0]}"
    )
    for heading in ("", "requests/s", "minimum", "maximum", "ratio to a minimal Flask route"):
        table.add_column(heading, justify="left" if not heading else "right")
    base = statistics.median(rates[targets[0].name])
    for target in targets:
        values = rates[target.name]
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
    if drift > MAX_DRIFT:
        console.print(f"The speed of the machine changed by {drift:.0%} during the run. Measure again.")


if __name__ == "__main__":
    sys.exit(main())
