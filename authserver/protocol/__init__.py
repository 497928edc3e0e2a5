"""OAuth 1.0a, OAuth 2.0 and OpenID Connect on plain request and response values, without a web framework.

References such as (S1) are requirements in ``docs/threat-model.md``.
"""
