"""The approver's twenty minutes in a real browser: keys alone, two on one action, a rule broken in the form, and time."""

import re

import pytest
from crowd import OPENING, crowd, let_expire
from demo_process import DemoProcess, picture
from pages import log_in, new_page, nothing_strange, sign_in, write
from playwright.sync_api import Browser, Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.slow]
ACTION = re.compile(r"/console/actions/")
MANY = 20


def _ready(page: Page) -> None:
    """The page was there long enough to be read."""
    expect(page.get_by_role("button", name="Approve")).to_be_enabled(timeout=10_000)


def _decided(page: Page, before: str) -> None:
    expect(page).not_to_have_url(before, timeout=10_000)


def test_twenty_items_are_cleared_by_keyboard_alone(chromium: Browser, demo: DemoProcess) -> None:
    crowd(demo.home, MANY)
    page = new_page(chromium)
    log_in(page, demo, "approver@example.com")
    expect(page.get_by_text(f"{MANY} actions waiting")).to_be_visible()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(ACTION)
    for number in range(MANY):
        _ready(page)
        before = page.url
        match number:
            case 3:
                page.keyboard.press("r")
                expect(page.get_by_role("dialog", name="Reject, because")).to_be_visible()
                page.keyboard.press("5")
            case 4:
                page.keyboard.press("t")
                expect(page.get_by_role("dialog", name="Take over the chat")).to_be_visible()
                page.keyboard.press("Tab")
                page.keyboard.press("Enter")
            case 5:
                # Another one first: next, and back again.
                page.keyboard.press("j")
                _decided(page, before)
                _ready(page)
                page.keyboard.press("k")
                expect(page).to_have_url(before)
                _ready(page)
                page.keyboard.press("a")
            case _:
                page.keyboard.press("a")
        _decided(page, before)
    page.wait_for_url(re.compile(r"/console$"))
    expect(page.get_by_role("heading", name="Nothing is waiting")).to_be_visible()
    figures = page.locator(".figures")
    expect(figures.get_by_text("Decided today")).to_be_visible()
    picture(page, "console-empty")
    nothing_strange(page)


def test_an_approval_is_taken_back_with_one_key(chromium: Browser, demo: DemoProcess) -> None:
    (waiting,) = crowd(demo.home, 1)
    page = new_page(chromium)
    log_in(page, demo, "approver@example.com")
    page.goto(f"{demo.url}/console/actions/{waiting.action_id}")
    _ready(page)
    page.keyboard.press("a")
    page.wait_for_url(re.compile(r"/console$"))
    expect(page.get_by_text("Approved: Refund $49.00")).to_be_visible()
    picture(page, "console-undo")
    page.keyboard.press("u")
    expect(page.get_by_text("Taken back. It waits again.")).to_be_visible()
    page.wait_for_timeout(2_500)  # longer than the window: what was taken back does not run after it
    page.goto(f"{demo.url}/console/actions/{waiting.action_id}")
    expect(page.get_by_text("Approval taken back")).to_be_visible()
    expect(page.get_by_text("Waiting for review").first).to_be_visible()
    nothing_strange(page)


def test_two_on_one_action_one_wins_and_the_other_sees_why(chromium: Browser, demo: DemoProcess) -> None:
    (waiting,) = crowd(demo.home, 1)
    first, second = new_page(chromium), new_page(chromium)
    for page, login in ((first, "approver@example.com"), (second, "ops@example.com")):
        log_in(page, demo, login)
        page.goto(f"{demo.url}/console/actions/{waiting.action_id}")
    expect(second.get_by_text("has this until")).to_be_visible()
    _ready(second)
    second.keyboard.press("a")
    expect(second.get_by_text("is looking at this")).to_be_visible()
    first.keyboard.press("a")
    _decided(first, f"{demo.url}/console/actions/{waiting.action_id}")
    expect(second.get_by_text(re.compile(r"while you read it \(Approved by \w+"))).to_be_visible(
        timeout=10_000
    )
    picture(second, "console-changed")
    nothing_strange(first)
    nothing_strange(second)


def test_an_amount_that_breaks_a_rule_is_refused_in_the_form(chromium: Browser, demo: DemoProcess) -> None:
    (waiting,) = crowd(demo.home, 1)
    page = new_page(chromium)
    log_in(page, demo, "approver@example.com")
    page.goto(f"{demo.url}/console/actions/{waiting.action_id}")
    _ready(page)
    page.keyboard.press("e")
    amount = page.get_by_label("Amount in USD")
    amount.fill("80.00")
    wrong = page.locator("[data-wrong]").get_by_text("cannot be more than what is left")
    expect(wrong).to_be_visible()  # while it is typed, before anything is sent
    expect(amount).to_have_attribute("aria-invalid", "true")
    picture(page, "console-edit-refused")
    page.get_by_role("button", name="Save and approve").click()
    expect(wrong).to_be_visible()
    amount.fill("20.00")
    expect(page.get_by_text("$49.00 → $20.00")).to_be_visible()
    picture(page, "console-edit")
    nothing_strange(page)


def test_expiry_and_taking_over_are_seen_by_the_customer(chromium: Browser, demo: DemoProcess) -> None:
    customer = new_page(chromium)
    sign_in(customer, demo, "Mara")
    write(customer, OPENING)
    customer.get_by_role("button", name="Confirm").click(timeout=20_000)
    expect(customer.get_by_text("A colleague checks")).to_be_visible(timeout=10_000)
    colleague = new_page(chromium)
    log_in(colleague, demo, "approver@example.com")
    colleague.locator("#rows li").last.get_by_role("link").click()  # the newest is due last
    colleague.wait_for_url(ACTION)
    let_expire(demo.home, colleague.url.rpartition("/")[2])
    expect(customer.get_by_text("This waited too long and was closed").first).to_be_visible(timeout=15_000)
    expect(colleague.get_by_text("closed because it waited too long while you read it")).to_be_visible(
        timeout=10_000
    )
    expect(colleague.get_by_role("button", name="Approve")).to_be_disabled()

    write(customer, OPENING)
    customer.get_by_role("button", name="Confirm").click(timeout=20_000)
    expect(customer.get_by_text("A colleague checks")).to_be_visible(timeout=10_000)
    colleague.goto(f"{demo.url}/console")
    colleague.locator("#rows li").last.get_by_role("link").click()  # the newest is due last
    colleague.wait_for_url(ACTION)
    _ready(colleague)
    colleague.keyboard.press("t")
    colleague.get_by_role("button", name="Take over", exact=True).last.click()
    expect(customer.get_by_text("A colleague has taken over").first).to_be_visible(timeout=15_000)
    nothing_strange(customer)
    nothing_strange(colleague)
