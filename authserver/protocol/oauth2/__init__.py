"""OAuth 2.0: the endpoints of the authorization server, the grants, and client authentication."""
