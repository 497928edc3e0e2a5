"""An authorization server for OAuth 1.0a, OAuth 2.0 and OpenID Connect.

See docs/architecture.md. ``web`` and ``cli`` depend on ``protocol``, which depends on ``domain``; all of them may use the
top-level modules. This file imports nothing, so that importing one module does not import others.
"""
