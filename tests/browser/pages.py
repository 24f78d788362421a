"""A page as a person has it, with everything strange on it noted; and the ways in."""

import re

from demo_process import DemoProcess
from playwright.sync_api import Browser, Page

# One of each kind of page for ops.
OPS = ("/ops", "/ops/numbers", "/ops/numbers/resolved_alone", "/ops/categories/refund_request")


def new_page(chromium: Browser, width: int = 1280, height: int = 860, scheme: str = "light") -> Page:
    """A page of a browser of its own; requests elsewhere, script errors and dialogs are noted on it."""
    context = chromium.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    outside: list[str] = []
    page.on("request", lambda r: outside.append(r.url) if "127.0.0.1" not in r.url else None)
    page.on("pageerror", lambda error: outside.append(f"script error: {error}"))
    page.on("dialog", lambda dialog: outside.append(f"dialog: {dialog.message}"))
    page.remit_outside = outside  # type: ignore[attr-defined]
    return page


def nothing_strange(page: Page) -> None:
    """No request left this machine, no script failed, no dialog opened by itself."""
    assert page.remit_outside == []  # type: ignore[attr-defined]


def sign_in(page: Page, demo: DemoProcess, name: str) -> None:
    """Becomes this customer of the demo's host app."""
    page.goto(f"{demo.url}/demo")
    page.get_by_role("button", name=re.compile(name)).first.click()
    page.wait_for_url("**/chat**")


def write(page: Page, words: str) -> None:
    """Sends a message in the chat."""
    box = page.get_by_role("textbox").first
    box.fill(words)
    box.press("Enter")


def log_in(page: Page, demo: DemoProcess, login: str) -> None:
    """Logs a colleague in, to the queue."""
    page.goto(f"{demo.url}/login")
    page.get_by_label(re.compile("login|mail", re.IGNORECASE)).first.fill(login)
    page.get_by_label(re.compile("password", re.IGNORECASE)).fill(demo.password(login))
    page.keyboard.press("Enter")
    page.wait_for_url("**/console")
