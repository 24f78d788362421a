"""The report of a run as a person reads it: filtered, opened, with the gate's verdict, asking nobody for anything."""

import json
from pathlib import Path

import pytest
from demo_process import picture
from playwright.sync_api import Browser, expect
from typer.testing import CliRunner

from service.cli import command_line

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("evals")
    page = home / "report.html"
    env = {"REMIT_HOME": str(home)}
    order = ["evals", "run", "duplicate_charge", "--model", "broken:wrong-charge", "--epochs", "2", "--json"]
    told = CliRunner().invoke(command_line(("evals",)), order, env=env)
    run = json.loads(told.stdout)["run"]
    CliRunner().invoke(command_line(("evals",)), ["evals", "report", run, "--html", str(page)], env=env)
    return page


def test_a_report_is_filtered_and_a_transcript_opened_without_a_request(
    chromium: Browser, report: Path
) -> None:
    page = chromium.new_context(viewport={"width": 1280, "height": 1000}).new_page()
    asked: list[str] = []
    page.on("request", lambda r: asked.append(r.url))
    page.on("pageerror", lambda error: asked.append(f"script error: {error}"))
    page.goto(report.as_uri())
    every = page.locator(".run").count()
    expect(page.get_by_role("status")).to_have_text(f"{every} of {every} runs")
    page.get_by_label("Result").select_option("wrong effects")
    page.get_by_label("Search").fill("charged-twice-refunded")
    expect(page.locator(".run:visible")).to_have_count(2)
    expect(page.get_by_role("status")).to_have_text(f"2 of {every} runs")
    page.locator(".run:visible summary").first.focus()
    page.keyboard.press("Enter")
    opened = page.locator(".run[open]")
    expect(opened).to_contain_text("I was charged twice for order 1042")
    expect(opened.locator(".calls")).to_contain_text("escalate")
    expect(opened.locator(".faults")).to_contain_text("effect not expected: stripe refund")
    page.evaluate("window.scrollTo(0, 0)")
    picture(page, "evals-report")
    page.get_by_label("Result").select_option("all")
    page.get_by_label("Search").fill("nothing has these words")
    expect(page.locator(".run:visible")).to_have_count(0)
    assert asked == [report.as_uri()]
