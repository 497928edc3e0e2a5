"""Relying parties of other projects sign users in. They know only the issuer, their client key and their secret.

applications.py declares the parties, and compatibility.py makes a table of them. node/ contains the parties that use Node
packages, and axe-core for the page tests. go/ and java/ contain those that `make interop-all` builds. authlib_party.py uses
Authlib's Flask client, django_party.py uses mozilla-django-oidc, apache.py runs Apache with mod_auth_openidc, and
oauthlib_party.py and lyo_party.py are OAuth 1.0a consumers. api_opaque.py, api_jwt.py and the files of the same names in
node/ are APIs. Each party is a separate process on loopback.
"""
