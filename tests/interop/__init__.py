"""Relying parties of other projects sign users in. They know only the issuer, their client key and their secret.

node/ uses openid-client (and contains axe-core for the page tests), authlib_party.py uses Authlib's Flask client, and
apache.py runs Apache with mod_auth_openidc. Each is a separate process on loopback.
"""
