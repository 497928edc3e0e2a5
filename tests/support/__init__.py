"""Support for the tests: databases, servers, the browser, third-party programs. The fixtures are in conftest.py."""
