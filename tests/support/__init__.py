"""Support for the tests: databases, server processes, the browser, foreign programs. The fixtures are in conftest.py."""
