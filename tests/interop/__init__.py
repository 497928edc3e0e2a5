"""Relying parties that nobody here wrote sign a user in, told nothing but the issuer, their key and their secret.

node/ uses openid-client (and carries axe-core for the page tests), authlib_party.py Authlib's Flask client,
apache.py Apache with mod_auth_openidc. Each runs as a process of its own on loopback.
"""
