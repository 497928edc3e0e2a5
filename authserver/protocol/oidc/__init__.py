"""OpenID Connect: ID tokens, claims, authentication context classes and logout.

Discovery and the userinfo endpoint are in ``oauth2``.
"""
