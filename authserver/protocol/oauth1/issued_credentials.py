"""Newly issued credentials, with the secret in plain text; the database stores it encrypted."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, repr=False)
class IssuedCredentials:
    """A token and its secret, with the accessors that Authlib's ``AuthorizationServer`` calls."""

    token: str
    secret: str

    def get_oauth_token(self) -> str:
        """Return the token."""
        return self.token

    def get_oauth_token_secret(self) -> str:
        """Return the secret."""
        return self.secret
