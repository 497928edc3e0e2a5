"""OAuth 2.0: the authorization server (Authlib's, framework-free), its grants, client authentication and endpoints."""
