"""What a change of the rules does to stored actions: counts, money, one witness; and what the review of a file finds."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from policies.check import check
from policies.diff import Stored, diff, examples_of, replay
from policies.load import load_catalog
from policies.model import Catalog
from policies.review import review
from service.paths import CATALOG
from tools.toolset import specs

NAME = "refund_request"


@pytest.fixture(scope="module")
def now() -> Catalog:
    return load_catalog(CATALOG, specs())


def rewritten(tmp_path: Path, *changes: tuple[str, str]) -> Path:
    """The catalog with these texts of the refund file replaced; each must be there."""
    folder = tmp_path / "catalog"
    shutil.copytree(CATALOG, folder)
    path = folder / f"{NAME}.yaml"
    text = path.read_text()
    for before, after in changes:
        assert before in text, before
        text = text.replace(before, after)
    path.write_text(text)
    return folder


def stored(catalog: Catalog, action: str, *, amount: int = 4900, **facts: Any) -> Stored:
    policy = catalog.categories[NAME]  # type: ignore[index]
    example = next(e for e in policy.examples if e.id == "unopened-is-inside")
    told: dict[str, Any] = {**example.facts, **{k.replace("__", "."): v for k, v in facts.items()}}
    return Stored(
        id=action,
        category=NAME,
        tool="refund_charge",
        facts=told,
        verdict=check(policy, "refund_charge", told),
        amount=amount,
        currency="usd",
    )


def test_the_same_rules_move_nothing(now: Catalog) -> None:
    actions = [*examples_of(now), stored(now, "a"), stored(now, "b", order__days_since_delivery=31)]
    assert diff(now, now, actions) == ()


def test_a_longer_window_moves_what_lies_between(now: Catalog, tmp_path: Path) -> None:
    changes = (
        ("days_since_delivery <= 30", "days_since_delivery <= 45"),
        ("days_since_delivery > 30", "days_since_delivery > 45"),
    )
    new = load_catalog(rewritten(tmp_path, *changes), specs())
    actions = [
        stored(now, f"day{days}", amount=days * 100, order__days_since_delivery=days)
        for days in (30, 31, 40, 45, 46)
    ]
    [move] = diff(now, new, actions)
    assert (move.before, move.after, move.count) == ("escalate", "allow", 3)
    assert move.money == {"usd": 3100 + 4000 + 4500}
    assert move.witness.action == "day45"
    assert "window_passed" in move.witness.before
    assert move.witness.after == ("within_window",)
    [back] = diff(new, now, actions)
    assert (back.before, back.after, back.count) == ("allow", "escalate", 3)


def test_a_category_that_is_gone_decides_nothing(now: Catalog) -> None:
    rest = Catalog({name: policy for name, policy in now.categories.items() if name != NAME})
    [move] = diff(now, rest, [stored(now, "a")])
    assert (move.before, move.after) == ("allow", "none")


def test_loosening_moves_come_first(now: Catalog, tmp_path: Path) -> None:
    changes = (
        ("customer.refunds_90d < 3", "customer.refunds_90d < 1"),
        ("deny: 'charge.disputed'", "escalate: 'charge.disputed'"),
    )
    new = load_catalog(_without_examples(rewritten(tmp_path, *changes)), specs())
    actions = [
        *(stored(now, f"two{n}", customer__refunds_90d=2) for n in range(3)),
        stored(now, "disputed", charge__disputed=True),
    ]
    assert [(m.before, m.after, m.count) for m in diff(now, new, actions)] == [
        ("deny", "escalate", 1),
        ("allow", "escalate", 3),
    ]


def test_a_verdict_of_these_rules_that_does_not_repeat_is_named(now: Catalog) -> None:
    good, forged = stored(now, "good"), stored(now, "forged", order__opened=True)
    lying = Stored(**{**{f: getattr(forged, f) for f in forged.__slots__}, "verdict": good.verdict})
    found = replay(now, [good, lying])
    assert (found.actions, found.same_version, found.mismatches) == (2, 2, ("forged",))


def test_a_verdict_of_other_rules_may_move_and_is_no_mismatch(now: Catalog, tmp_path: Path) -> None:
    new = load_catalog(
        rewritten(tmp_path, ("customer.refunds_90d < 3", "customer.refunds_90d < 1"), (">= 3'", ">= 1'")),
        specs(),
    )
    found = replay(new, [stored(now, "two", customer__refunds_90d=2)])
    assert (found.same_version, found.mismatches, len(found.moves)) == (0, (), 1)


def test_the_committed_catalog_has_no_faults(now: Catalog) -> None:
    assert [f for n, p in now.categories.items() for f in review(CATALOG / f"{n}.yaml", p)] == []


def _without_examples(folder: Path) -> Path:
    path = folder / f"{NAME}.yaml"
    text = path.read_text()
    start = text.index("\nexamples:")
    end = text.index("\nutterances:") if "\nutterances:" in text[start:] else len(text)
    path.write_text(text[:start] + text[end:])
    return folder


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        pytest.param(
            (
                (
                    "order.days_since_delivery > 30'",
                    "order.days_since_delivery > 30 && order.days_since_delivery < 30'",
                ),
            ),
            ("'window_passed' can never hold", "remove the rule"),
            id="never-true",
        ),
        pytest.param(
            (("deny: '!charge.paid'", "deny: 'charge.paid'"),),
            ("'within_window' contradicts 'not_paid'", "narrow one of the two"),
            id="an-allow-that-a-deny-covers",
        ),
        pytest.param(
            (("escalate: 'refund.currency != \"usd\"'", "escalate: 'refund.currency == \"usd\"'"),),
            ("'within_window' contradicts 'other_currency'",),
            id="an-allow-that-an-escalation-covers",
        ),
        pytest.param(
            (("escalate: '!order.known'", "escalate: 'charge.disputed && !order.known'"),),
            ("'order_unknown' contradicts 'disputed'",),
            id="an-escalation-that-a-deny-covers",
        ),
        pytest.param(
            (("order.days_since_delivery <= 30 ", "order.days_since_delivery <= 29 "),),
            ("'day-30-is-inside' expects allow", "or the example if the rule is meant"),
            id="an-example-that-fails",
        ),
    ],
)
def test_a_fault_is_named_with_its_line_and_a_remedy(
    tmp_path: Path, changes: tuple[tuple[str, str], ...], said: tuple[str, ...]
) -> None:
    folder = rewritten(tmp_path, *changes)
    path = folder / f"{NAME}.yaml"
    found = review(path, load_catalog(folder, specs()).categories[NAME])  # type: ignore[index]
    hit = [line for line in found if said[0] in line]
    assert hit, found
    assert all(words in hit[0] for words in said)
    place, line, column, _ = hit[0].split(":", 3)
    assert place == str(path)
    assert int(column) > 0
    named = said[0].split("'")[1]
    # The place is inside the rule or example that is named.
    above = path.read_text().splitlines()[: int(line)]
    assert any(f"id: {named}" in row for row in above[-6:])
