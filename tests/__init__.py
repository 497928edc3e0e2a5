"""The test suite.

It has one folder per layer (domain, protocol, web, cli), and spec (by specification), faults (races, crashes, malformed
requests), interop (clients of other projects), journeys (complete tasks in a browser), architecture (rules of the code)
and wire (the recorded wire format). The support code is in tests/support, and the fixtures are in tests/conftest.py.
"""
