"""Benchmarks of the machine endpoints under load: ``make bench``.

The result of an endpoint is a ratio to a minimal Flask route, which is measured in the same run. Machines have different
speeds, so compare only ratios. ``wrk`` generates the load on loopback. A burst with an error response is discarded. If
the speed of the machine changes during a run, the output contains a warning.
"""
