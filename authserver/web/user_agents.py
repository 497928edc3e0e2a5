"""Readable names for User-Agent headers, so that users can recognize their own devices."""

from authserver.messages import message

_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("JavaFX", message("A modeling tool")),
    ("Chromium/", "Chromium"),
    ("HeadlessChrome/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
    ("curl/", "curl"),
)
_OTHER_BROWSER = message("A browser")
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
    """Return the browser and the operating system, such as "Firefox on Windows"."""
    browser = next((name for token, name in _BROWSERS if token in user_agent), _OTHER_BROWSER)
    system = next((name for token, name in _SYSTEMS if token in user_agent), "")
    return message("%(browser)s on %(system)s", browser=browser, system=system) if system else browser
