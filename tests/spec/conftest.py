"""A registered relying party and the people who use it, on both databases."""

import pytest
from flask import Flask

from authserver.domain.users.users import User
from authserver.protocol.services import Services
from tests.support.relying_party import RelyingParty, register


@pytest.fixture
def rp(app: Flask, services: Services, people: dict[str, User]) -> RelyingParty:
    """An approved OpenID Connect client with a secret, for code and refresh tokens; alice can sign in to it."""
    return RelyingParty(app, *register(services))


@pytest.fixture
def public_rp(app: Flask, services: Services, people: dict[str, User]) -> RelyingParty:
    """An approved client that cannot keep a secret."""
    return RelyingParty(app, *register(services, name="The App", auth_method="none"))


@pytest.fixture
def other_rp(app: Flask, services: Services, people: dict[str, User]) -> RelyingParty:
    """Another approved client."""
    return RelyingParty(app, *register(services, name="The Other Party"))
