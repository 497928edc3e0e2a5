"""Stores the subject and the name of a user who signs in to the Django party, besides the e-mail address."""

from typing import Any

from mozilla_django_oidc.auth import OIDCAuthenticationBackend


class NamedUsers(OIDCAuthenticationBackend):
    """Finds users by their subject."""

    def filter_users_by_claims(self, claims: dict[str, Any]) -> Any:
        return self.UserModel.objects.filter(username=claims["sub"])

    def create_user(self, claims: dict[str, Any]) -> Any:
        return self.UserModel.objects.create_user(
            claims["sub"], email=claims["email"], first_name=claims["name"]
        )
