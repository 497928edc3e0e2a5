"""Signing keys for tokens, and the installation's own keys."""
