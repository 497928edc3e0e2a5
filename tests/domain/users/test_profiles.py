"""What a profile can hold is told by what people see on their account page; here is what that costs."""

import pytest

from authserver.domain.users import profiles
from authserver.errors import InvalidInput


def test_the_files_of_time_zones_are_walked_once(monkeypatch):
    walks = []
    monkeypatch.setattr(profiles, "available_timezones", lambda: walks.append(1) or {"Europe/Berlin"})
    profiles._zones.cache_clear()
    for _ in range(2):
        assert profiles.clean_profile({"zoneinfo": "Europe/Berlin"}) == {"zoneinfo": "Europe/Berlin"}
        with pytest.raises(InvalidInput):
            profiles.clean_profile({"zoneinfo": "Europe/Nowhere"})
    assert walks == [1]
    profiles._zones.cache_clear()
