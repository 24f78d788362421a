"""No page has a serious fault for people who read with other means: axe-core's rules for WCAG 2.2 AA on each."""

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from crowd import OPENING, crowd
from demo_process import DemoProcess, picture
from pages import OPS, log_in, new_page, nothing_strange, sign_in, write
from playwright.sync_api import Browser, Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.slow]
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


def faults(page: Page) -> list[str]:
    """Every serious or critical finding: the rule, and where."""
    found: list[dict[str, Any]] = Axe().run(page, options=RULES).response["violations"]
    return [
        f"{page.url} {one['id']}: {[node['target'] for node in one['nodes']][:3]}"
        for one in found
        if one["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_no_page_has_a_serious_fault(chromium: Browser, demo: DemoProcess, width: int, scheme: str) -> None:
    (waiting,) = crowd(demo.home, 1)
    page = new_page(chromium, width, 860, scheme)
    page.goto(f"{demo.url}/demo")
    found = faults(page)
    sign_in(page, demo, "Mara")
    write(page, OPENING)
    expect(page.get_by_role("button", name="Confirm").last).to_be_visible(timeout=20_000)
    found += faults(page)
    page.goto(f"{demo.url}/login")
    found += faults(page)
    log_in(page, demo, "ops@example.com")
    for path in ("/console", "/console/me", "/console/people", *OPS, "/console/nothing-here"):
        page.goto(demo.url + path)
        found += faults(page)
    page.goto(f"{demo.url}/console?risk=high")
    picture(page, f"console-{scheme}-{width}")
    found += faults(page)
    page.goto(f"{demo.url}/console/actions/{waiting.action_id}")
    expect(page.get_by_role("button", name="Approve")).to_be_enabled(timeout=10_000)
    picture(page, f"console-action-{scheme}-{width}")
    found += faults(page)
    for key, title in (("e", "Edit and approve"), ("r", "Reject, because"), ("h", "Hand on"), ("?", "Keys")):
        page.keyboard.press(key)
        expect(page.get_by_role("dialog", name=title)).to_be_visible()
        found += faults(page)
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog", name=title)).to_be_hidden()
    assert found == []
    nothing_strange(page)


def test_a_fault_would_be_found(chromium: Browser) -> None:
    page = new_page(chromium)
    bad = '<img src="data:,"><p style="color:#aaa">Hardly there</p>'
    page.set_content(f'<html lang="en"><title>A page</title><main><h1>A page</h1>{bad}</main></html>')
    assert [fault.split(" ")[1] for fault in faults(page)] == ["color-contrast:", "image-alt:"]
