"""Token lifetimes of one client: parsing, formatting, limits and defaults."""

from datetime import timedelta
from typing import Any

import pytest

from authserver.domain.clients import registrations, token_lifetimes
from authserver.errors import InvalidInput
from authserver.settings import Settings

DAY = 86400


@pytest.mark.parametrize(
    ("text", "seconds", "formatted"),
    [
        ("90", 90, "90s"),
        ("90s", 90, "90s"),
        ("15m", 900, "15m"),
        ("1h30m", 5400, "90m"),
        (" 24H ", DAY, "1d"),
        ("14d", 14 * DAY, "14d"),
    ],
)
def test_lifetime_is_parsed_and_formatted(text: str, seconds: int, formatted: str) -> None:
    assert token_lifetimes.parse_seconds(text) == seconds
    assert token_lifetimes.format_seconds(seconds) == formatted


@pytest.mark.parametrize("text", ["", "soon", "15 m", "-5m", "1.5h", "15m\0", "٣m", "9999999999"])
def test_invalid_lifetime_is_rejected(text: str) -> None:
    with pytest.raises(ValueError, match="number of seconds"):
        token_lifetimes.parse_seconds(text)


@pytest.mark.parametrize("name", token_lifetimes.NAMES)
def test_lifetime_outside_the_limits_is_rejected(name: str) -> None:
    bounds = token_lifetimes.BOUNDS[name]
    shortest, longest = (int(length.total_seconds()) for length in bounds)
    for value in (shortest, longest):
        assert token_lifetimes.bounds_error(name, value) is None
    for value in (shortest - 1, longest + 1, 0, -1):
        assert token_lifetimes.bounds_error(name, value) is not None


@pytest.mark.parametrize("value", ["900", 900.0, True, [900], {"seconds": 900}])
def test_lifetime_must_be_an_integer(value: Any) -> None:
    values = {"kind": "oidc", "name": "App", "redirect_uris": ("https://a.example/cb",)}
    with pytest.raises(InvalidInput, match="Enter a lifetime from 1m to 1d") as error:
        registrations.validate({**values, "access_token_lifetime": value})
    assert list(error.value.fields) == ["access_token_lifetime"]


def test_lifetime_defaults_to_the_setting() -> None:
    settings = Settings()
    for name in token_lifetimes.NAMES:
        assert token_lifetimes.lifetime_of({}, settings, name) == getattr(settings, name)
        assert token_lifetimes.lifetime_of({name: 600}, settings, name) == timedelta(minutes=10)
