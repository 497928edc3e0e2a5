"""The harness: databases, server processes, the browser, foreign programs. Fixtures built on it stand in conftest.py."""
