"""Rules of the code base (docs/architecture.md): each is a test that is also shown to fail on a planted violation.

engine.py parses the source files and finds what they import and call. A check takes the files and returns one sentence
per violation. What is pinned as a list (routes, settings, audit events, discovery) has a file of its own.
"""
