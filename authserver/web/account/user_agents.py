"""What a browser calls itself, as people would call it; a guess for recognising one's own devices, nothing more."""

from authserver.web.languages import say, to_say

_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("JavaFX", to_say("A modeling tool")),
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


def in_words(user_agent: str) -> str:
    """Return browser and system: Firefox on Windows."""
    browser = next((words for mark, words in _BROWSERS if mark in user_agent), to_say("A browser"))
    system = next((words for mark, words in _SYSTEMS if mark in user_agent), "")
    if not system:
        return say(browser)
    return say("%(browser)s on %(system)s", browser=say(browser), system=system)
