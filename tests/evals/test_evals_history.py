"""Past tickets are read strictly, held against the catalog, and say where to start."""

from functools import cache
from pathlib import Path

import pytest

from agent.triage import Triage
from core.errors import Invalid
from evals.history import HistoryReport, Ticket, as_lines, audit, load_history
from policies.load import load_catalog
from policies.model import Catalog
from service.paths import CATALOG
from tools.toolset import specs

KNOWN = {"categories": {"refund_request", "account_deletion"}, "steps": {"refund_charge"}}


def written(folder: Path, text: str, name: str = "past.csv") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_both_formats_are_read_alike(tmp_path: Path) -> None:
    csv = written(
        tmp_path, "text,category,did,amount,currency\nrefund me,refund_request,refund_charge,4900,usd\n"
    )
    line = '{"text":"refund me","category":"refund_request","did":"refund_charge","amount":4900,"currency":"usd"}\n'
    jsonl = written(tmp_path, f"\n{line}", "past.jsonl")
    assert load_history(csv, **KNOWN) == load_history(jsonl, **KNOWN)
    assert load_history(csv, **KNOWN)[0].amount == 4900


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("text,category\na,b\n", r":1: the columns did are missing", id="column"),
        pytest.param(
            "text,category,did\na,other,answer\n", r":2: unknown category 'other'; known", id="category"
        ),
        pytest.param(
            "text,category,did\na,refund_request,refunded\n",
            r":2: unknown step 'refunded'; known: answer",
            id="step",
        ),
        pytest.param(
            "text,category,did,amount,currency\na,refund_request,refund_charge,49.00,usd\n",
            r":2: amount '49.00' is not in whole minor units",
            id="amount",
        ),
        pytest.param(
            "text,category,did,amount\na,refund_request,refund_charge,4900\n",
            r":2: an amount has a currency",
            id="currency",
        ),
        pytest.param("text,category,did\na,refund_request\n", r":2: did: Field required", id="short"),
        pytest.param("text,category,did\n", "holds no ticket", id="nothing"),
    ],
)
def test_a_row_that_cannot_be_counted_is_named(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(Invalid, match=said):
        load_history(written(tmp_path, text), **KNOWN)


@cache
def trained() -> tuple[Catalog, Triage]:
    catalog = load_catalog(CATALOG, specs())
    return catalog, Triage.train(catalog.utterances())


def shadow(*tickets: Ticket) -> HistoryReport:
    catalog, triage = trained()
    return audit(tickets, triage, catalog)


def test_agreement_is_by_count_and_by_money_and_people_keep_their_tier() -> None:
    big = Ticket(
        text="I want a refund for order 1101",
        category="refund_request",
        did="refund_charge",
        amount=9_000,
        currency="usd",
    )
    small = Ticket(
        text="please delete my account",
        category="refund_request",
        did="refund_charge",
        amount=1_000,
        currency="usd",
    )
    gone = Ticket(text="please delete my account", category="account_deletion", did="person")
    found = {one.category: one for one in shadow(big, small, gone).by_category}
    refunds = found["refund_request"]
    assert (refunds.agreed, refunds.agreed_by_money) == (0.5, {"usd": 0.9})
    assert refunds.resolvable == 1.0
    assert (found["account_deletion"].agreed, found["account_deletion"].resolvable) == (1.0, 0.0)


def test_a_category_is_proposed_with_enough_tickets_and_not_before() -> None:
    one = Ticket(text="I want a refund for order 1101", category="refund_request", did="refund_charge")
    assert shadow(*[one] * 9).start_with == ()
    found = shadow(*[one] * 10)
    assert found.start_with == ("refund_request",)
    assert as_lines(found)[-1] == "10 tickets. Start with: refund_request."
    elsewhere = one.model_copy(update={"did": "cancel_order"})
    assert shadow(*[one] * 5, *[elsewhere] * 6).start_with == ()
    assert shadow(*[elsewhere] * 3).by_category[0].missing == {"cancel_order": 3}
