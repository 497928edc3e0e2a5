"""Checks the layout of a page at many widths: nothing overflows, and every control can be clicked.

The page is loaded once and resized. At each width, the check scrolls to every control and asks the browser which element
a click at the control's center would reach. It also opens every menu.
"""

from collections.abc import Sequence

from playwright.sync_api import Page

WIDTHS = [320, 390, 768, 1024, 1100, 1160, 1200, 1240, 1280, 1366, 1440, 1920]
FEW_WIDTHS = [320, 768, 1440]
"""Enough for simple pages with one column."""

HEIGHT = 800

_FIND = """() => {
  const found = [];
  const FLOATS = "[popover], .bottom-bar, option";
  const controls = "a[href], button, input:not([type=hidden]), select, textarea, summary";
  const name = (element) => {
    const words = element.getAttribute("aria-label") || element.innerText || element.name || element.id || "";
    return `<${element.localName} class="${element.className}"> ${words.trim().slice(0, 40)}`;
  };
  const isShown = (element) => element.checkVisibility({ visibilityProperty: true })
    && !element.closest(".skip, .visually-hidden") && element.getBoundingClientRect().width > 1;
  const reaches = (element) => {
    const box = [...element.getClientRects()].find((part) => part.width > 0) || element.getBoundingClientRect();
    const hit = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
    return hit && (element.contains(hit) || [...(element.labels || [])].some((label) => label.contains(hit)));
  };
  const checkControls = (root) => {
    for (const element of root.querySelectorAll(controls)) {
      if (!isShown(element)) continue;
      element.scrollIntoView({ block: "center", inline: "nearest", behavior: "instant" });
      if (!reaches(element)) found.push(`cannot be clicked: ${name(element)}`);
    }
  };
  const scrolls = (element) => element.closest(".tabs, pre");
  const boxes = ".card, .dialog-body, .dialog-head, .notice, .summary, .button, .menu, .row-menu, form, dd, td, th, li";
  const checkOverflow = (root) => {
    for (const box of root.querySelectorAll(boxes)) {
      if (!isShown(box) || scrolls(box)) continue;
      const edge = box.getBoundingClientRect();
      const hidden = box.scrollWidth - box.clientWidth;
      if (box.clientWidth && hidden > 1 && getComputedStyle(box).overflowX !== "visible") {
        found.push(`hides ${hidden} px: ${name(box)}`);
      }
      for (const inner of box.querySelectorAll("*")) {
        if (!isShown(inner) || scrolls(inner) || inner.closest(FLOATS) !== box.closest(FLOATS)) continue;
        const place = inner.getBoundingClientRect();
        const outside = Math.round(Math.max(place.right - edge.right, edge.left - place.left));
        if (outside <= 1 || (box.matches("form") && inner.matches(".scrolls, .actions"))) continue;
        found.push(`leaves its ${box.className || box.localName} by ${outside} px: ${name(inner)}`);
        break;
      }
    }
  };
  const hidden = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  if (hidden > 0) found.push(`the page is wider than the window by ${hidden} px`);
  const dialog = document.querySelector("dialog[open]");
  const root = dialog || document;
  checkOverflow(root);
  checkControls(root);
  for (const opener of root.querySelectorAll("[popovertarget]")) {
    if (!isShown(opener)) continue;
    opener.scrollIntoView({ block: "center", behavior: "instant" });
    opener.click();
    const menu = document.getElementById(opener.getAttribute("popovertarget"));
    if (!menu.matches(":popover-open")) { found.push(`does not open: ${name(opener)}`); continue; }
    const place = menu.getBoundingClientRect();
    if (place.left < 0 || place.right > innerWidth || place.top < 0 || place.bottom > innerHeight) {
      found.push(`is outside the window: ${name(menu)}`);
    }
    for (const element of menu.querySelectorAll(controls)) {
      if (isShown(element) && !reaches(element)) found.push(`cannot be clicked: ${name(element)}`);
    }
    menu.hidePopover();
  }
  return found;
}"""


def faults(page: Page, widths: Sequence[int] = WIDTHS) -> list[str]:
    """Return the faults of the current page at these widths, one line each."""
    found = []
    for width in widths:
        page.set_viewport_size({"width": width, "height": HEIGHT})
        page.evaluate("document.querySelectorAll('details').forEach(details => { details.open = true })")
        found += [f"{width} px: {fault}" for fault in page.evaluate(_FIND)]
    return found


def assert_fits(page: Page, widths: Sequence[int] = WIDTHS) -> None:
    """Fail with all faults of the current page."""
    found = faults(page, widths)
    assert not found, f"the layout of {page.url}:\n" + "\n".join(found)
