"""Measures the machine endpoints under load, as ratios to a bare Flask route in the same run: ``make bench``.

Machines are noisy, so that only ratios within one run are worth comparing. A round that meets an error answer does not
count, and a run in which the machine itself changed its speed says so. The load is ``wrk`` on the loopback interface.
"""
