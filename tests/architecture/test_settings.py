"""Law 6 for settings: each one is documented, in docs/reference/settings.md, as it is."""

from authserver.settings import Settings
from tools import reference


def test_the_page_says_what_the_settings_are():
    page = reference.SETTINGS_PAGE.read_text(encoding="utf-8")
    assert page == reference.settings_page(), "run `make reference`"


def test_every_setting_has_a_meaning():
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def test_the_page_names_no_machine():
    assert str(reference.ROOT) not in reference.settings_page()
