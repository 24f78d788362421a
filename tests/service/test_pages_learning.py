"""From a rejected action to a scenario and a note, on the pages; who may, and what comes back when it does not load."""

import re
from html import unescape

import pytest
from fastapi import FastAPI
from test_pages import check, waiting_action
from web_bench import client, colleague

from evals.from_reviews import checked
from service.build import House

pytestmark = pytest.mark.asyncio(loop_scope="session")
CATEGORY = "duplicate_charge"


async def rejected(home: House, web: FastAPI, mara: str) -> str:
    """The id of a refund that a colleague rejected, with a reason and a note."""
    card = await waiting_action(home, web, mara, "I was charged twice for order 1042")
    action_id = str(card["action_id"])
    async with colleague(home, web, "approver") as approver:
        shown = (await approver.get(f"/v1/actions/{action_id}")).json()
        body = {
            "decision": "reject",
            "digest": shown["digest"],
            "reason_code": "wrong_amount",
            "note": "Half only",
        }
        answer = await approver.post(f"/v1/actions/{action_id}/reviews", json=body)
        assert answer.status_code == 200, answer.text
        html = (await approver.get(f"/console/actions/{action_id}")).text
    check(html)
    assert f'href="/ops/scenarios/{action_id}"' in html
    assert 'action="/ops/corrections"' not in html  # an approver tells the agent nothing
    return action_id


async def test_a_rejected_action_becomes_a_scenario_that_is_checked_and_taken_along(
    home: House, web: FastAPI, mara: str
) -> None:
    action_id = await rejected(home, web, mara)
    path = f"/ops/scenarios/{action_id}"
    async with client(web) as nobody:
        assert (await nobody.get(path)).status_code == 303
    async with colleague(home, web, "evaluator") as evaluator:
        html = (await evaluator.get(path)).text
        check(html)
        csrf = evaluator.headers["x-csrf-token"]
        found = re.search(r"<textarea[^>]*>(.*?)</textarea>", html, re.DOTALL)
        assert found is not None
        text = unescape(found[1])
        taken = await evaluator.post(path, data={"csrf": csrf, "text": text})
        broken = await evaluator.post(path, data={"csrf": csrf, "text": "- id: only"})
    assert taken.status_code == 200
    assert "attachment" in taken.headers["content-disposition"]
    (scenario,) = checked(taken.text, CATEGORY, people=frozenset({"mara"}))
    assert scenario.person == "mara"
    assert "wrong amount. Half only" in scenario.about
    assert broken.status_code == 400
    check(broken.text)
    assert f"{CATEGORY}.yaml:1" in broken.text


async def test_a_note_goes_from_review_to_release_through_people(
    home: House, web: FastAPI, mara: str
) -> None:
    action_id = await rejected(home, web, mara)
    async with colleague(home, web, "evaluator") as evaluator:
        form = {"csrf": evaluator.headers["x-csrf-token"], "action_id": action_id}
        assert (await evaluator.post("/ops/corrections", data=form)).status_code == 403
    async with colleague(home, web, "ops") as ops:
        csrf = ops.headers["x-csrf-token"]
        answer = await ops.post("/ops/corrections", data={"csrf": csrf, "action_id": action_id})
        assert answer.headers["location"] == f"/ops/categories/{CATEGORY}#notes"
        page = f"/ops/categories/{CATEGORY}"
        html = (await ops.get(page)).text
        check(html)
        (note,) = re.findall(r'action="/ops/corrections/(cor_\w+)"', html)
        assert "Release to the agent" not in html
        said = {"csrf": csrf, "what": "approve", "text": "Check the sum against the order first."}
        assert (await ops.post(f"/ops/corrections/{note}", data=said)).status_code == 303
        assert "Release to the agent" in (await ops.get(page)).text
        assert (await ops.post(f"{page}/release", data={"csrf": csrf})).status_code == 303
        assert "in force" in (await ops.get(page)).text
        # Taken out again, so that what other tests see is what the catalog says.
        await ops.post(f"/ops/corrections/{note}", data={"csrf": csrf, "what": "withdraw"})
        await ops.post(f"{page}/release", data={"csrf": csrf})
        html = (await ops.get(page)).text
    check(html)
    assert "Check the sum against the order first." not in html
