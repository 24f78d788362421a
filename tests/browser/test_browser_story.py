"""The main job as people live it: a customer's page and a colleague's page in a real browser, the ledger as judge."""

import json

import httpx
import pytest
from demo_process import DemoProcess, picture
from pages import OPS, log_in, new_page, nothing_strange, sign_in, write
from playwright.sync_api import Browser, expect

pytestmark = [pytest.mark.browser, pytest.mark.slow]
OPENING = "I was charged twice for order 1042, I want my money back"


def effects(demo: DemoProcess, owner: str) -> list[tuple[str, str, int]]:
    """The sandbox's ledger for one customer."""
    noted = json.loads((demo.home / "run.json").read_text())["sandbox"]
    headers = {"authorization": f"Bearer {noted['key']}"}
    answer = httpx.get(f"{noted['admin_url']}/ledger", params={"owner": owner}, headers=headers)
    return [(e["kind"], e["object"], e["amount"]) for e in answer.json()["effects"]]


def test_the_whole_story_in_a_browser(chromium: Browser, demo: DemoProcess) -> None:
    customer = new_page(chromium)
    sign_in(customer, demo, "Mara")
    write(customer, OPENING)
    expect(customer.get_by_role("button", name="Confirm")).to_be_visible(timeout=20_000)
    expect(customer.get_by_text("Visa •••• 4242").first).to_be_visible()
    picture(customer, "chat-confirm")
    assert effects(demo, "u_mara") == []
    customer.get_by_role("button", name="Confirm").click()
    expect(customer.get_by_text("A colleague checks")).to_be_visible(timeout=10_000)
    picture(customer, "chat-waiting")

    colleague = new_page(chromium)
    log_in(colleague, demo, "approver@example.com")
    expect(colleague.get_by_text("Refund $49.00 to Visa").first).to_be_visible()
    picture(colleague, "console")
    colleague.keyboard.press("j")
    colleague.keyboard.press("Enter")
    colleague.wait_for_url("**/console/actions/**")
    expect(colleague.get_by_text(OPENING).first).to_be_visible()
    expect(colleague.get_by_text("same_charge_twice").first).to_be_visible()
    picture(colleague, "console-action")
    assert effects(demo, "u_mara") == []
    colleague.keyboard.press("a")
    expect(colleague.get_by_role("button", name="Approve")).to_be_disabled()  # nobody reads that fast
    expect(colleague.get_by_role("button", name="Approve")).to_be_enabled(timeout=5_000)
    colleague.keyboard.press("a")

    expect(customer.get_by_text("Refunded $49.00").first).to_be_visible(timeout=15_000)
    expect(customer.get_by_text("This is settled").first).to_be_visible(timeout=15_000)
    picture(customer, "chat-receipt")
    assert effects(demo, "u_mara") == [("refund", "ch_mara_second", 4900)]
    customer.reload()
    expect(customer.get_by_text("Refunded $49.00").first).to_be_visible(timeout=10_000)
    nothing_strange(customer)
    nothing_strange(colleague)
    code, verified = demo.run("audit", "verify")
    assert (code, verified["ok"]) == (0, True)


def test_a_killed_demo_goes_on_where_it_was(chromium: Browser, demo: DemoProcess) -> None:
    customer = new_page(chromium, 390, 844, "dark")
    sign_in(customer, demo, "Mara")
    before = effects(demo, "u_mara")
    write(customer, "How do I change the language of the app?")
    expect(customer.get_by_text("How do I change the language").first).to_be_visible()
    customer.wait_for_timeout(1500)
    demo.kill()
    assert demo.start() < 60
    again = new_page(chromium, 390, 844, "dark")
    sign_in(again, demo, "Mara")
    expect(again.get_by_text("How do I change the language").first).to_be_visible(timeout=10_000)
    picture(again, "chat-phone-dark")
    assert effects(demo, "u_mara") == before
    ops = new_page(chromium, scheme="dark")
    log_in(ops, demo, "ops@example.com")
    ops.goto(f"{demo.url}/ops")
    expect(ops.get_by_text("Observation").first).to_be_visible()
    picture(ops, "ops-dark")
    nothing_strange(again)
    nothing_strange(ops)


def test_what_customers_write_is_shown_as_text(chromium: Browser, demo: DemoProcess) -> None:
    page = new_page(chromium)
    sign_in(page, demo, "Mara")
    attack = '<img src=x onerror="alert(1)"><script>alert(2)</script> [x](javascript:alert(3)) 👩‍💻'
    write(page, attack)
    expect(page.get_by_text("<script>alert(2)</script>", exact=False).first).to_be_visible()
    log_in(page, demo, "approver@example.com")
    page.wait_for_timeout(300)
    nothing_strange(page)


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("path", ["/demo", "/login", "/chat", "/console", "/console/me", *OPS])
def test_no_page_is_wider_than_its_screen(
    chromium: Browser, demo: DemoProcess, path: str, width: int
) -> None:
    page = new_page(chromium, width, 844)
    sign_in(page, demo, "Mara")
    log_in(page, demo, "ops@example.com")
    page.goto(demo.url + path)
    page.wait_for_timeout(200)
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= width
    nothing_strange(page)
