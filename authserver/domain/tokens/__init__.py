"""Codes, device authorizations, access tokens and refresh tokens: storage, rotation and introspection."""
