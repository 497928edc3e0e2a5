"""The law of OAuth 1.0a (RFC 5849), as Jazz and OSLC tools speak it.

What travels is in ``encoding`` and ``parameters``, what is signed in ``base_strings`` and ``signatures``; ``problems``
names every refusal, ``checks`` decides about a signed request, ``server`` runs the dance on Authlib's flow class, and
``verification`` answers for resource servers. The records live in ``domain/temporary_credentials``,
``domain/token_credentials`` and ``domain/nonces``, the doors in ``web/backchannel`` and ``web/frontchannel``.
"""
