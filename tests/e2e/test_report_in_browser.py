"""The report in Debian's chromium: on phone, desk and projector, light and dark, and on paper."""

import shutil
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright
from tests.e2e.test_report_page import MADE_AT, VIEWS

from wholeflow.governance.disclosure import policies
from wholeflow.publish import reported

CHROMIUM = shutil.which("chromium")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed"),
]

WIDTHS = (320, 390, 1280, 1920)
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])


@pytest.fixture(scope="module", params=[*((name, "") for name in VIEWS), ("shared", "hes")])
def page_file(request, tmp_path_factory) -> Path:
    name, policy = request.param
    made = reported(
        VIEWS[name](), title="A place", findings=(), made_at=MADE_AT, policy=policies().get(policy)
    )
    path = tmp_path_factory.mktemp("page") / "page.html"
    path.write_text(made.html(), "utf-8")
    return path


def opened(browser: Browser, path: Path, width: int, scheme: str = "light") -> Page:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    page.asked = []
    page.on("request", lambda request: page.asked.append(request.url))
    page.goto(path.as_uri())
    return page


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_scrolls_sideways_and_every_drawing_has_its_size(browser, page_file, width):
    page = opened(browser, page_file, width)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    sizes = "[...document.querySelectorAll('svg')].map(s => s.getBoundingClientRect().height)"
    assert all(height >= 20 for height in page.evaluate(sizes))
    assert page.asked == [page_file.as_uri()]  # nothing else is asked of anybody
    page.context.close()


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (1280, "dark")])
def test_a_screen_reader_and_weak_eyes_find_nothing_amiss(browser, page_file, width, scheme):
    page = opened(browser, page_file, width, scheme)
    page.evaluate("for (const d of document.querySelectorAll('details')) d.open = true")
    found = Axe().run(page, options={"runOnly": RULES}).response
    assert [(one["id"], one["nodes"][0]["html"]) for one in found["violations"]] == []
    assert len(found["passes"]) > 20
    page.context.close()


def test_the_page_prints_on_a4_with_its_stamp_on_every_sheet(browser, page_file):
    """The stamp is in the margin of each page, which only the style for paper can say."""
    page = opened(browser, page_file, 1280)
    printed = page.pdf(prefer_css_page_size=True)
    assert printed.startswith(b"%PDF") and len(printed) < 4_000_000
    margin = "[...document.styleSheets].flatMap(s => [...s.cssRules].map(r => r.cssText)).join()"
    stamp = page.locator("p.stamp").inner_text()
    assert f'@bottom-left {{ content: "{stamp}"' in page.evaluate(margin)
    page.context.close()
