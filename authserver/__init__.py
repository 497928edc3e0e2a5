"""An authorization server for OAuth 1.0a, OAuth 2.0 and OpenID Connect.

The house is described in docs/architecture.md: ``web`` and ``cli`` stand on ``protocol``, which stands on
``domain``; the hall (settings, terms, errors, context, clock, logs, languages) is open to every floor. This file imports
nothing, so that importing one room never builds another.
"""
