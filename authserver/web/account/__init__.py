"""The account: what a person sees and changes of their own. What administrators do to accounts is in ``admin``."""

from authserver.web.account import (
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

VIEWS = (activity, applications, authenticator, authenticator_setup, password, profile, sessions, theme)

__all__ = ["VIEWS", "account"]
