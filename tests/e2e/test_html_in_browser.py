"""The HTML part in a real browser: nothing runs, nothing is fetched, all of it fits and is legible.

Each email is in two frames, as wide as a phone and as a desktop's reading pane; a script around
them measures.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
from browser import HOST, LOGO
from emails import CASES, HOSTILE_HTML, TEMPLATES, hostile

from continuation_cli.core.compose import compose

pytestmark = pytest.mark.browser

WIDTHS = (375, 600)

MEASURE = """
const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
const luminance = ([r, g, b]) => {
  const [x, y, z] = [r, g, b].map((c) => c / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  return 0.2126 * x + 0.7152 * y + 0.0722 * z;
};
const ground = (element) => {
  for (let e = element; e; e = e.parentElement) {
    const color = rgb(getComputedStyle(e).backgroundColor);
    if (color.length === 3 || color[3] > 0) return color;
  }
  return [255, 255, 255];
};
const contrast = (element) => {
  const [a, b] = [rgb(getComputedStyle(element).color), ground(element)].map(luminance);
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
};
window.onload = () => {
  document.title = JSON.stringify([...document.querySelectorAll("iframe")].map((frame) => {
    const page = frame.contentDocument;
    const texts = [...page.body.querySelectorAll("*")].filter((element) =>
      element.getClientRects().length &&
      [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim()));
    return {
      case: frame.name, title: page.title, width: frame.clientWidth,
      scrollWidth: page.documentElement.scrollWidth,
      ground: getComputedStyle(page.body).backgroundColor,
      texts: texts.length,
      faint: texts.filter((e) => contrast(e) < 4.5).map((e) => [e.textContent, contrast(e)]),
      cut: texts.filter((e) => e.getBoundingClientRect().right > frame.clientWidth + 0.5)
        .map((e) => e.textContent),
    };
  }));
};
"""


@pytest.fixture
def browse(browser):
    """Show emails (case -> HTML) in a fresh Chromium: what was measured, and what was asked for."""

    def show(emails, *, dark=False):
        frames = []
        for case, html in emails.items():
            browser.pages[f"/{case}.html"] = (html, "text/html")
            frames += [
                f'<iframe name="{case}" src="{case}.html" '
                f'style="width:{width}px;height:3000px;border:0"></iframe>'
                for width in WIDTHS
            ]
        page = f"<!doctype html><script>{MEASURE}</script>{''.join(frames)}"
        measured = browser.show(page, dark=dark)
        # Chromium asks its maker for this and that; what matters is who the pages speak of.
        hosts = {HOST} | set(re.findall(r"//([^/\s\"'<>)?&]+)", "".join(emails.values())))
        return measured, [url for url in browser.foreign() if urlsplit(url).hostname in hosts]

    return show


def emails():
    return {case: compose(draft, TEMPLATES).html for case, draft in CASES.items()} | {
        "hostile": compose(hostile(settings={"brand_logo_url": LOGO}), TEMPLATES).html,
        "markup": compose(CASES["markup"], TEMPLATES).html.replace(
            "https://www.acme.example/logo.png", LOGO
        ),
    }


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_emails_run_nothing_fetch_nothing_fit_and_can_be_read(browse, dark):
    shown = emails()
    frames, asked = browse(shown, dark=dark)
    assert asked == []
    assert len(frames) == len(shown) * len(WIDTHS)
    for frame in frames:
        assert frame["title"] == re.search("<title>(.*?)</title>", shown[frame["case"]]).group(1)
        assert frame["scrollWidth"] <= frame["width"], frame
        assert frame["cut"] == [], frame
        assert frame["texts"] >= 5
        assert frame["faint"] == [], frame
        assert frame["ground"] == ("rgb(20, 23, 26)" if dark else "rgb(243, 244, 246)")


def test_the_browser_would_show_it_if_something_ran_or_was_fetched(browse):
    """What the other test looks for is there to be found."""
    raw = f"<title>quiet</title><p style='color:#ccc'>{'wide' * 200}</p>{HOSTILE_HTML}"
    frames, asked = browse({"raw": raw})
    assert any("leak.example" in url for url in asked)
    for frame in frames:
        assert frame["title"] == "ran"
        assert frame["scrollWidth"] > frame["width"]
        assert frame["cut"]
        assert frame["faint"]
