"""docs/reference/settings.md documents every setting."""

from authserver.settings import Settings
from tools import reference


def test_page_is_up_to_date():
    page = reference.SETTINGS_PAGE.read_text(encoding="utf-8")
    assert page == reference.settings_page(), "run `make reference`"


def test_every_setting_has_a_description():
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def test_page_contains_no_local_path():
    assert str(reference.ROOT) not in reference.settings_page()
