"""The laws of the house (docs/architecture.md), each a test, and each shown to fail on a planted violation.

engine.py reads the rooms and finds what they import and call; a law is a function from rooms to sentences, one for
every violation. What is pinned as a list (routes, settings, audit events, discovery) has a file of its own.
"""
