"""What a browser calls itself, as people would call it; a guess for recognising one's own devices, nothing more."""

from authserver.web.rendering.languages import gettext, gettext_noop

_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("JavaFX", gettext_noop("A modeling tool")),
    ("Chromium/", "Chromium"),
    ("HeadlessChrome/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
    ("curl/", "curl"),
)
_SYSTEMS = (
    ("Windows", "Windows"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


def describe_user_agent(user_agent: str) -> str:
    """Return browser and system: Firefox on Windows."""
    browser = next((words for mark, words in _BROWSERS if mark in user_agent), gettext_noop("A browser"))
    system = next((words for mark, words in _SYSTEMS if mark in user_agent), "")
    if not system:
        return gettext(browser)
    return gettext("%(browser)s on %(system)s", browser=gettext(browser), system=system)
