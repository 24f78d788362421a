"""Who may call what: every endpoint times every role, each cell written down; a new endpoint without a row fails."""

from collections.abc import Mapping

import pytest
from fastapi import FastAPI
from sqlalchemy import update
from web_bench import client, colleague, customer

from service.build import House
from store.columns import table
from store.tables.people import UserRow

pytestmark = pytest.mark.asyncio(loop_scope="session")
_USER = table(UserRow)

# Who is let in; everyone else gets 401 (nobody, or the other kind of caller) or 403 (a colleague without the role).
CUSTOMER = frozenset({"customer"})
ANYONE = frozenset({"nobody", "customer", "approver", "ops", "evaluator", "admin", "no-role"})
READERS = frozenset({"approver", "ops", "evaluator", "admin"})
APPROVERS = frozenset({"approver", "admin"})
HANDLERS = frozenset({"approver", "ops", "admin"})
OPS = frozenset({"ops", "admin"})
ROWS: Mapping[str, frozenset[str]] = {
    "GET /healthz": ANYONE,
    "GET /readyz": ANYONE,
    # No login opens these: without a vendor's own signature or secret the answer is 400.
    "POST /v1/hooks/{vendor}": ANYONE,
    "GET /v1/hooks/okta": ANYONE,
    "POST /demo/token": frozenset(),  # only the demo's own cookie opens it
    "POST /v1/conversations": CUSTOMER,
    "GET /v1/conversations": CUSTOMER,
    "POST /v1/conversations/{conversation_id}/messages": CUSTOMER,
    "GET /v1/conversations/{conversation_id}/events": CUSTOMER,
    "POST /v1/conversations/{conversation_id}/person": CUSTOMER,
    "POST /v1/conversations/{conversation_id}/rating": CUSTOMER,
    "POST /v1/conversations/{conversation_id}/reopen": CUSTOMER,
    "POST /v1/actions/{action_id}/confirm": CUSTOMER,
    "POST /v1/actions/{action_id}/decline": CUSTOMER,
    "POST /v1/actions/{action_id}/code": CUSTOMER,
    "POST /v1/actions/{action_id}/code/again": CUSTOMER,
    "GET /v1/actions": READERS,
    "GET /v1/actions/{action_id}": READERS,
    "POST /v1/actions/{action_id}/reviews": APPROVERS,
    "POST /v1/actions/{action_id}/rehearse": APPROVERS,
    "POST /v1/actions/{action_id}/undo": APPROVERS,
    "POST /v1/actions/{action_id}/leave": APPROVERS,
    "POST /v1/actions/{action_id}/hand-on": APPROVERS,
    "POST /v1/actions/{action_id}/notes": HANDLERS,
    "POST /v1/reviews/batch": APPROVERS,
    "GET /v1/me/numbers": READERS,
    "GET /v1/numbers": READERS,
    "GET /v1/numbers/{measure}/rows": READERS,
    "GET /v1/handoffs": READERS,
    "POST /v1/conversations/{conversation_id}/reply": HANDLERS,
    "POST /v1/conversations/{conversation_id}/close": HANDLERS,
    "GET /v1/standings": READERS,
    "POST /v1/standings/{category}/graduate": OPS,
    "POST /v1/standings/{category}/demote": OPS,
    "GET /v1/switches": READERS,
    "POST /v1/switches": OPS,
}
BODIES: Mapping[str, object] = {
    "POST /v1/conversations": {},
    "POST /v1/conversations/{conversation_id}/messages": {"text": "hi", "key": "key-00000001"},
    "POST /v1/conversations/{conversation_id}/rating": {"csat": 5},
    "POST /v1/actions/{action_id}/confirm": {"digest": "0" * 64},
    "POST /v1/actions/{action_id}/code": {"code": "123456"},
    "POST /v1/actions/{action_id}/reviews": {"digest": "0" * 64, "decision": "approve"},
    "POST /v1/actions/{action_id}/rehearse": {"args": {}},
    "POST /v1/actions/{action_id}/hand-on": {"to": "usr_none"},
    "POST /v1/actions/{action_id}/notes": {"text": "seen"},
    "POST /v1/reviews/batch": {"actions": [{"action_id": "act_none", "digest": "0" * 64}]},
    "POST /v1/conversations/{conversation_id}/reply": {"text": "hello"},
    "POST /v1/conversations/{conversation_id}/close": {"needed_person": True},
    "POST /v1/standings/{category}/graduate": {"reason": "a drill"},
    "POST /v1/standings/{category}/demote": {"reason": "a drill"},
    "POST /v1/switches": {"scope": "category", "key": "nope", "on": True, "reason": "a drill"},
}
COLLEAGUES = ("approver", "ops", "evaluator", "admin", "no-role")


def endpoints(app: FastAPI) -> set[str]:
    paths = app.openapi()["paths"]
    return {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}


async def test_every_endpoint_has_its_row(web: FastAPI) -> None:
    assert endpoints(web) == set(ROWS)


@pytest.mark.parametrize("role", ["nobody", "customer", *COLLEAGUES])
async def test_each_role_reaches_exactly_what_is_written_down(home: House, web: FastAPI, role: str) -> None:
    wrong = {}
    async with _caller(home, web, role) as caller:
        if role in COLLEAGUES:
            # Logged in as the evaluator, whose roles are the ones under test for as long as this takes.
            await _set_roles(home, [] if role == "no-role" else [role])
        try:
            for endpoint, allowed in ROWS.items():
                method, path = endpoint.split(" ")
                filled = path.replace("{category}", "nope").replace("{action_id}", "act_none")
                filled = filled.replace("{conversation_id}", "con_none").replace("{measure}", "nope")
                answer = await caller.request(method, filled, json=BODIES.get(endpoint))
                refusal = 403 if role in COLLEAGUES and allowed & READERS else 401
                expected = "in" if role in allowed else refusal
                got = answer.status_code if answer.status_code in (401, 403) else "in"
                if got != expected or answer.status_code >= 500:
                    wrong[endpoint] = (expected, answer.status_code)
        finally:
            if role in COLLEAGUES:
                await _set_roles(home, ["evaluator"])
    assert wrong == {}


def _caller(home: House, web: FastAPI, role: str):  # type: ignore[no-untyped-def]
    match role:
        case "nobody":
            return client(web)
        case "customer":
            return customer(home, web, "u_noor")
        case _:
            return colleague(home, web, "evaluator")


async def _set_roles(home: House, roles: list[str]) -> None:
    async with home.service.store.begin() as work:
        await work.run(update(_USER).where(_USER.c.login == "evaluator@example.com").values(roles=roles))


async def test_openapi_says_what_comes_back_and_what_can_go_wrong(web: FastAPI) -> None:
    lacking = []
    for path, methods in web.openapi()["paths"].items():
        for method, operation in methods.items():
            answers = operation["responses"]
            good = next(answers[status] for status in answers if status.startswith("2"))
            schemas = [kind.get("schema") for kind in good.get("content", {}).values()]
            told = operation.get("description") and (any(schemas) or "text/event-stream" in good["content"])
            if not told:
                lacking.append(f"{method} {path}: description or answer")
            wanted = {"400", "404", "503"} if path.startswith("/v1/hooks") else {"401", "404", "503"}
            if path.startswith("/v1/") and not wanted <= set(answers):
                lacking.append(f"{method} {path}: errors")
    assert lacking == []
