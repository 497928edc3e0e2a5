"""OpenID Connect: ID tokens, claims, userinfo, authentication contexts, and logout in all its ways; discovery is in ``oauth2``."""
