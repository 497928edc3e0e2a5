"""The account pages: users view and change their own data. The user administration is in ``admin``."""

from authserver.web.account import (
    account_export,
    activity,
    applications,
    authenticator,
    authenticator_setup,
    password,
    profile,
    sessions,
    theme,
)
from authserver.web.account.blueprint import account

VIEWS = (
    profile,
    account_export,
    activity,
    applications,
    authenticator,
    authenticator_setup,
    password,
    sessions,
    theme,
)

__all__ = ["VIEWS", "account"]
