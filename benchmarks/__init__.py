"""Measures the machine endpoints under load, relative to a bare Flask route in the same run: ``make bench``.

The speed of machines varies, so only ratios within one run are comparable. Bursts with errors are discarded. If the
speed of the machine changes during a run, the output says so. The load comes from ``wrk`` on loopback.
"""
