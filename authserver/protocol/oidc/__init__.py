"""OpenID Connect: ID tokens, claims, userinfo and what discovery says."""
