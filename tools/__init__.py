"""Commands that set up a machine for `make`. They use only the standard library, because they run before any install.

environment.py creates .venv from the lock files, peers.py finds or installs the programs that the tests use (a browser,
Apache, Node packages), debian.py installs Debian packages where possible. Nothing in authserver/ imports these modules.
"""
