"""The one path, top to bottom: a message, a turn, a proposal, a yes, a review, one effect, the customer told.

Read it as the shortest true description of what Remit does; each step is the real function on real parts.
"""

from pathlib import Path

from service.actors import Colleague, Customer
from service.app import create_app
from service.build import house
from service.database import Database
from service.demo import ensure_logins, host_app
from service.run import work_off
from service.settings import load


async def test_walk(database: str, sandbox_database: str, tmp_path: Path) -> None:
    settings = load({"REMIT_HOME": str(tmp_path), "REMIT_UNDO_SECONDS": "0"})
    async with house(
        settings, demo=host_app(settings), database=Database(database, sandbox_database)
    ) as built:
        approver = (await ensure_logins(built))[0]
        app = create_app(built.service)
        sandbox = built.sandbox
        assert sandbox is not None
        async with (
            Customer(app, built, "u_mara") as customer,
            Colleague(app, approver.login, approver.password) as colleague,
        ):
            # 1-3: the message is stored, triage opens a request, the agent looks things up and proposes.
            await customer.say("I was charged twice for order 1042, I want my money back")
            kinds = [event.kind for event in await customer.events()]
            assert kinds[:3] == ["message", "found", "confirm"]

            # 4: the gate asks the customer; their yes is bound to exactly what the card shows.
            card = await customer.card("confirm")
            assert card["title"] == "Refund $49.00 to Visa •••• 4242"
            assert (await customer.confirm())["kind"] == "held"
            assert await sandbox.effects(customer.id) == []

            # 5-7: a colleague sees facts and rules, approves; the executor checks everything again, then acts.
            shown = await colleague.open(card["action_id"])
            assert {fact["name"]: fact["value"] for fact in shown["facts"]}["charge.is_duplicate"] == "yes"
            assert [f["rule"] for f in shown["fired"]] == ["same_charge_twice"]
            await colleague.decide(card["action_id"], "approve")
            await work_off(built)

            [effect] = await sandbox.effects(customer.id)
            assert (effect["kind"], effect["object"], effect["amount"]) == ("refund", "ch_mara_second", 4900)
            assert effect["action_id"] == card["action_id"]
            assert (await customer.card("receipt"))["title"] == "Refunded $49.00 to Visa •••• 4242"
            assert (await customer.events())[-1].kind == "closed"
