"""OpenID Connect: ID tokens, claims, userinfo, context classes and logout in all ways; discovery is in ``oauth2``."""
