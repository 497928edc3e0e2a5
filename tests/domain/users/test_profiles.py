"""Validation of profile claims. Limits are tested on the account page; this module tests the cost."""

import pytest

from authserver.domain.users import profiles
from authserver.errors import InvalidInput


def test_time_zone_files_are_listed_once(monkeypatch):
    listings = []
    monkeypatch.setattr(profiles, "available_timezones", lambda: listings.append(1) or {"Europe/Berlin"})
    profiles._zones.cache_clear()
    for _ in range(2):
        assert profiles.clean_profile({"zoneinfo": "Europe/Berlin"}) == {"zoneinfo": "Europe/Berlin"}
        with pytest.raises(InvalidInput):
            profiles.clean_profile({"zoneinfo": "Europe/Nowhere"})
    assert listings == [1]
    profiles._zones.cache_clear()
