"""OAuth 1.0a (RFC 5849), with the extensions that IBM Jazz and OSLC tools need (``docs/specifications/oauth1.md``).

- ``encoding`` and ``parameters`` parse requests.
- ``base_strings`` and ``signatures`` compute signatures, and ``request_checks`` validates signed requests.
- ``server`` issues credentials (a subclass of Authlib's ``AuthorizationServer``).
- ``verification`` verifies signed requests to resource servers.
- ``errors`` defines the problem codes.

The records are in ``domain.oauth1``, the endpoints in ``web.machine`` and ``web.frontchannel``.
"""
