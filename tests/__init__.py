"""The suite: one folder a floor, plus house (the laws), interop (programs of others), journeys (whole ways in a browser).

The harness is tests/support, its fixtures tests/conftest.py. Every test that uses `app` runs on both databases.
"""
