"""OAuth 1.0a consumers, temporary and token credentials, and nonces (RFC 5849)."""
