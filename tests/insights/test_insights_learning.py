"""What reviews teach: a scenario that loads and can fail, and a note that reaches the prompt only through people."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from history import History
from sqlalchemy import select, update

from agent.prompt import in_words
from approvals.ladder.versions import agent_version
from approvals.lessons import notes_of
from approvals.parts import Parts, Reviewer
from core.clock import StillClock
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.ids import Category
from evals.from_reviews import checked, drafted, keep, person_of
from evals.grade import grade
from insights import corrections
from insights.personal import cleaned, personal_in
from insights.reviewed import Reviewed, reviewed
from store.columns import table
from store.tables.action import ActionRow
from store.tables.conversation import CustomerRow

_ACTION, _CUSTOMER = table(ActionRow), table(CustomerRow)
PEOPLE = frozenset({"mara", "noor"})
REFUND = "refund_request"
OPS = frozenset({"ops"})


async def rejected(parts: Parts, clock: StillClock, **more: Any) -> str:
    """A rejected refund; `words` are the customer's, `note` the colleague's."""
    async with parts.store.begin() as work:
        history = History(work)
        customer = await history.customer(more.pop("customer", None))
        talk = await history.talk(clock.now(), REFUND, customer=customer)
        await history.say(talk, "customer", clock.now(), more.pop("words", "Refund my order, Pat Quill here"))
        edited = more.pop("edited", None)
        action = await history.propose(
            talk, customer, clock.now(), REFUND, state="replaced" if edited else "rejected"
        )
        if edited is None:
            await history.review(action, clock.now(), more.pop("decision", "reject"), **more)
        else:
            new = await history.propose(
                talk, customer, clock.now(), REFUND, state="executed", replaces=action
            )
            values = {"args": edited[0], "preview": {"title": edited[1], "lines": [], "note": ""}}
            await work.run(update(_ACTION).where(_ACTION.c.id == new).values(**values))
            await history.review(new, clock.now(), "edit", **more)
    return action


async def found(parts: Parts, action: str) -> Reviewed:
    async with parts.store.begin() as work:
        return await reviewed(work, action)


def ops(parts: Parts, roles: frozenset[str] = OPS) -> Reviewer:
    return Reviewer("usr_ops", "Tomas Berg", roles, parts.clock.now())


def shown(title: str) -> list[tuple[str, dict[str, Any]]]:
    return [("confirm", {"action_id": "act_1", "title": title})]


async def test_a_rejection_becomes_a_scenario_that_fails_when_it_is_proposed_again(
    parts: Parts, clock: StillClock
) -> None:
    action = await rejected(
        parts, clock, customer="u_mara-ab12", reason_code="wrong_amount", note="Pat Quill was owed half"
    )
    made = drafted(await found(parts, action), people=PEOPLE)
    (scenario,) = checked(made.text, made.category, people=PEOPLE)
    assert scenario.person == "mara"
    assert scenario.about == "A colleague rejected this: wrong amount. Sam was owed half"
    assert "Pat" not in made.text.replace("# Check: replaced 'Pat Quill'", "")
    again = grade(scenario, {}, effects=[], shown=shown("Refund $49.00"), ticket="none", seconds=0)
    other = grade(scenario, {}, effects=[], shown=shown("Refund $24.50"), ticket="none", seconds=0)
    assert (again.passed, other.passed) == (False, True)


async def test_an_edit_becomes_a_scenario_that_wants_the_change(parts: Parts, clock: StillClock) -> None:
    edited = ({"payment": "ch_1", "amount": 2450}, "Refund $24.50")
    action = await rejected(parts, clock, customer="u_mara", edited=edited)
    made = drafted(await found(parts, action), people=PEOPLE)
    (scenario,) = checked(made.text, made.category, people=PEOPLE)
    assert (scenario.expect.says, scenario.expect.never_says) == (("Refund $24.50",), ("Refund $49.00",))
    kept = grade(scenario, {}, effects=[], shown=shown("Refund $24.50"), ticket="none", seconds=0)
    old = grade(scenario, {}, effects=[], shown=shown("Refund $49.00"), ticket="none", seconds=0)
    assert (kept.passed, old.passed) == (True, False)


async def test_both_sides_of_an_edit_lead_to_the_same_scenario(parts: Parts, clock: StillClock) -> None:
    edited = ({"payment": "ch_1", "amount": 2450}, "Refund $24.50")
    action = await rejected(parts, clock, customer="u_mara", edited=edited)
    async with parts.store.begin() as work:
        new = await work.value(select(_ACTION.c.id).where(_ACTION.c.replaces == action))
    one, other = await found(parts, action), await found(parts, new)
    assert (one.proposed.id, one.review.id) == (other.proposed.id, other.review.id)


async def test_ids_are_written_in_braces(parts: Parts, clock: StillClock) -> None:
    words = "Refund ch_mara-ab12_second please, I am mara-ab12"
    action = await rejected(parts, clock, customer="u_mara-ab12", words=words, reason_code="wrong_action")
    said = yaml.safe_load(drafted(await found(parts, action), people=PEOPLE).text)[0]["steps"]
    assert any(step["say"].startswith("Refund ch_{key}_second please") for step in said)


@pytest.mark.parametrize(
    ("customer", "key"),
    [("u_mara", "mara"), ("u_mara-x1", "mara"), ("u_marabelle", None), ("u_zoe", None), ("mara", None)],
)
def test_only_people_of_the_sandbox_play_themselves(customer: str, key: str | None) -> None:
    assert person_of(customer, PEOPLE) == key


async def test_a_real_customer_is_played_by_somebody_chosen(parts: Parts, clock: StillClock) -> None:
    action = await rejected(parts, clock, reason_code="wrong_action")
    seen = await found(parts, action)
    with pytest.raises(Invalid, match="--person"):
        drafted(seen, people=PEOPLE)
    made = drafted(seen, people=PEOPLE, person="noor")
    assert any("another customer's story" in check for check in made.checks)


@pytest.mark.parametrize(
    ("more", "why"),
    [
        pytest.param({"decision": "approve"}, "changed or rejected", id="approved"),
        pytest.param({"decision": "take_over"}, "changed or rejected", id="taken-over"),
        pytest.param({"reason_code": "customer_withdrew"}, "changed their mind", id="withdrawn"),
    ],
)
async def test_what_teaches_nothing_is_refused(
    parts: Parts, clock: StillClock, more: dict[str, Any], why: str
) -> None:
    action = await rejected(parts, clock, **more)
    with pytest.raises(Invalid, match=why):
        await found(parts, action)


async def test_an_action_that_does_not_exist_is_said(parts: Parts) -> None:
    with pytest.raises(NotFound):
        await found(parts, "act_none")


async def test_a_scenario_is_kept_once_beside_the_others(
    parts: Parts, clock: StillClock, tmp_path: Path
) -> None:
    made = [
        drafted(
            await found(parts, await rejected(parts, clock, customer=f"u_mara-{n}", reason_code="other")),
            people=PEOPLE,
        )
        for n in range(2)
    ]
    for one in made:
        file = keep(one.text, one.category, tmp_path, people=PEOPLE)
    assert [s.id for s in checked(file.read_text(), REFUND, people=PEOPLE)] == [one.id for one in made]
    with pytest.raises(Invalid, match="there already"):
        keep(made[0].text, made[0].category, tmp_path, people=PEOPLE)
    with pytest.raises(Invalid, match=r"refund_request\.yaml:1"):
        keep("- id: x", REFUND, tmp_path, people=PEOPLE)


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("Mail pat.q@shop.example.com now", "Mail someone@example.com now"),
        ("Call +1 (555) 010-0199 please", "Call +1 555 0100 please"),
        ("PAT QUILL and Quill's dog", "Sam and Sam's dog"),
        ("Order 1042 of $49.00 on 2026-11-20", "Order 1042 of $49.00 on 2026-11-20"),
        ("Patience is a virtue", "Patience is a virtue"),
    ],
)
def test_personal_text_is_replaced_and_nothing_else(text: str, clean: str) -> None:
    assert cleaned(text, name="Pat Quill", email="pat@example.com").text == clean
    assert bool(personal_in(text, name="Pat Quill")) is (text != clean)


async def test_a_note_reaches_the_prompt_only_when_a_person_released_it(
    parts: Parts, clock: StillClock
) -> None:
    policy = parts.catalog.categories[Category(REFUND)]
    action = await rejected(parts, clock, reason_code="wrong_amount", note="Pat Quill owed half only")
    note = await corrections.draft(action, by=ops(parts), parts=parts)
    assert await corrections.draft(action, by=ops(parts), parts=parts) == note
    (row,) = await corrections.corrections(REFUND, parts)
    assert row.text.startswith("Before proposing to refund payment: Check the sum")
    assert row.text.endswith("Sam owed half only")

    async def state() -> tuple[tuple[str, ...], str]:
        async with parts.store.begin() as work:
            return await notes_of(work, REFUND), await agent_version(work, policy, parts)

    before = await state()
    assert before[0] == ()
    await corrections.approve(note, "Check the sum against the order first.", by=ops(parts), parts=parts)
    assert await state() == before  # approved is not yet shown
    assert await corrections.release(REFUND, by=ops(parts), parts=parts) == 1
    notes, version = await state()
    assert notes == ("Check the sum against the order first.",)
    assert version != before[1]
    assert "- Check the sum against the order first." in in_words(policy, notes)
    await corrections.withdraw(note, by=ops(parts), parts=parts)
    assert await state() == (notes, version)  # in force until the next release
    assert await corrections.release(REFUND, by=ops(parts), parts=parts) == 2
    assert await state() == before


async def test_a_note_names_nobody(parts: Parts, clock: StillClock) -> None:
    note = await corrections.draft(
        await rejected(parts, clock, reason_code="other"), by=ops(parts), parts=parts
    )
    for text in ("Ask Pat first, always.", "Mail someone at pat@example.com first."):
        with pytest.raises(Invalid, match="names nobody"):
            await corrections.approve(note, text, by=ops(parts), parts=parts)
    for text in ("short", "long " * 80):
        with pytest.raises(Invalid, match="10 to 300 characters"):
            await corrections.approve(note, text, by=ops(parts), parts=parts)


@pytest.mark.parametrize("role", ["approver", "evaluator"])
async def test_only_ops_tells_the_agent_anything(parts: Parts, clock: StillClock, role: str) -> None:
    action = await rejected(parts, clock, reason_code="other")
    somebody = ops(parts, frozenset({role}))
    with pytest.raises(Forbidden):
        await corrections.draft(action, by=somebody, parts=parts)
    note = await corrections.draft(action, by=ops(parts), parts=parts)
    with pytest.raises(Forbidden):
        await corrections.approve(note, "Check the sum first.", by=somebody, parts=parts)
    with pytest.raises(Forbidden):
        await corrections.release(REFUND, by=somebody, parts=parts)


async def test_a_prompt_shows_no_more_notes_than_help(parts: Parts, clock: StillClock) -> None:
    with pytest.raises(Conflict, match="nothing to release"):
        await corrections.release(REFUND, by=ops(parts), parts=parts)
    for n in range(corrections.MOST_SHOWN + 1):
        action = await rejected(parts, clock, reason_code="other")
        note = await corrections.draft(action, by=ops(parts), parts=parts)
        await corrections.approve(note, f"Look twice at case number {n}.", by=ops(parts), parts=parts)
    with pytest.raises(Conflict, match="at most"):
        await corrections.release(REFUND, by=ops(parts), parts=parts)
    await corrections.withdraw(note, by=ops(parts), parts=parts)
    await corrections.release(REFUND, by=ops(parts), parts=parts)
    async with parts.store.begin() as work:
        assert len(await notes_of(work, REFUND)) == corrections.MOST_SHOWN


async def test_a_note_blanked_with_its_customer_is_no_longer_shown(parts: Parts, clock: StillClock) -> None:
    note = await corrections.draft(
        await rejected(parts, clock, reason_code="other"), by=ops(parts), parts=parts
    )
    await corrections.approve(note, "Check the sum first.", by=ops(parts), parts=parts)
    await corrections.release(REFUND, by=ops(parts), parts=parts)
    corrected = table(corrections.CorrectionRow)
    async with parts.store.begin() as work:
        await work.run(update(corrected).values(text=""))
        assert await notes_of(work, REFUND) == ()
