"""Registered relying parties for the specification tests."""

import pytest
from flask import Flask

from authserver.domain.users.users import User
from authserver.protocol.services import Services
from tests.support.relying_party import RelyingParty, register


@pytest.fixture
def rp(app: Flask, services: Services, sample_users: dict[str, User]) -> RelyingParty:
    """An approved OpenID Connect client with a secret, for the code flow and refresh tokens."""
    return RelyingParty(app, *register(services))


@pytest.fixture
def public_rp(app: Flask, services: Services, sample_users: dict[str, User]) -> RelyingParty:
    """An approved client that cannot keep a secret."""
    return RelyingParty(app, *register(services, name="The App", auth_method="none"))


@pytest.fixture
def other_rp(app: Flask, services: Services, sample_users: dict[str, User]) -> RelyingParty:
    """Another approved client."""
    return RelyingParty(app, *register(services, name="The Other Party"))
