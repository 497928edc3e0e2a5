"""What `make` calls to set a machine up. Standard library only: these run before anything is installed.

environment.py makes .venv from the lock files, peers.py finds or fetches the programs that the tests talk to (a browser,
Apache, Node packages), debian.py installs Debian packages where that is possible. Nothing in authserver/ imports this.
"""
