"""Credentials on their way out: the only moment at which their secret exists in clear."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, repr=False)
class IssuedCredentials:
    """A token and its secret, with the accessors that Authlib's flow reads."""

    token: str
    secret: str

    def get_oauth_token(self) -> str:
        """Return the token."""
        return self.token

    def get_oauth_token_secret(self) -> str:
        """Return the secret."""
        return self.secret
