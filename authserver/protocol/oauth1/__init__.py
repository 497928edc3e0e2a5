"""OAuth 1.0a (RFC 5849), with the extensions that Jazz and OSLC tools need.

``encoding`` and ``parameters`` read requests, ``base_strings`` and ``signatures`` compute what is signed, ``errors`` names
the problem codes, ``request_checks`` validates signed requests, ``server`` issues credentials on top of Authlib's flow
class, and ``verification`` serves resource servers. The records are in ``domain.oauth1``, the endpoints in
``web.machine`` and ``web.frontchannel``.
"""
