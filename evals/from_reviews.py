"""A review becomes a scenario: what the customer said, and what must be proposed instead, or never again."""

import json
import re
import tempfile
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from core.errors import Invalid
from evals.scenario import Scenario
from evals.suites import load_suites
from insights.personal import cleaned
from insights.reviewed import Reviewed

_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
# Shorter ones ("Thank you.") stand in right answers too.
_SHORTEST_SENTENCE = 20
_MOST_SENTENCES = 3
_WIDTH = 110


@dataclass(frozen=True, slots=True)
class Drafted:
    """A scenario as YAML, and what a person should look at before keeping it."""

    id: str
    category: str
    text: str
    checks: Sequence[str]


def drafted(found: Reviewed, *, people: Collection[str], person: str | None = None) -> Drafted:
    """The scenario of an edit or rejection; `person` plays a customer who is not of the sandbox. Raises Invalid."""
    key = person_of(found.customer.id, people)
    chosen = person or key
    if chosen is None:
        raise Invalid(
            "The customer is not one of the sandbox's. Say whose story fits with --person, one of: "
            f"{', '.join(sorted(people))}."
        )
    words = _Words(found, key)
    document = _document(found, chosen, words)
    # Through the schema, so that what is offered for checking can be loaded.
    Scenario.model_validate_json(json.dumps({"category": found.proposed.category, **document}))
    checks = _checks(found, words, is_own=chosen == key)
    lines = "".join(f"# Check: {check}\n" for check in checks)
    dumped = yaml.safe_dump([document], sort_keys=False, allow_unicode=True, width=_WIDTH)
    return Drafted(str(document["id"]), found.proposed.category, lines + dumped, checks)


def person_of(customer_id: str, people: Collection[str]) -> str | None:
    """The sandbox's key of a customer, fresh copies included; None for anybody else."""
    own = customer_id.removeprefix("u_")
    fits = [key for key in people if own == key or own.startswith(f"{key}-")]
    return max(fits, key=len, default=None) if customer_id.startswith("u_") else None


def checked(text: str, category: str, *, people: Collection[str]) -> Sequence[Scenario]:
    """The scenarios of a text as they would be loaded; raises Invalid with the line of whatever is wrong."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"{category}.yaml"
        file.write_text(text, encoding="utf-8")
        try:
            return load_suites(Path(folder), people=people)
        except Invalid as wrong:
            raise Invalid(str(wrong).replace(f"{folder}/", "")) from None


def keep(text: str, category: str, folder: Path, *, people: Collection[str]) -> Path:
    """Adds the scenarios to the category's suite; raises Invalid when they do not load beside what is there."""
    file = folder / f"{category}.yaml"
    before = file.read_text(encoding="utf-8") if file.exists() else ""
    known = {one.id for one in load_suites(folder, people=people)} if any(folder.glob("*.yaml")) else set()
    new = {one.id for one in checked(text, category, people=people)}
    if new & known:
        raise Invalid(f"there already: {', '.join(sorted(new & known))}")
    joined = f"{before.rstrip()}\n\n{text}" if before.strip() else text
    checked(joined, category, people=people)
    folder.mkdir(parents=True, exist_ok=True)
    file.write_text(joined, encoding="utf-8")
    return file


class _Words:
    """Texts of one review without personal text, ids written in braces; remembers what was replaced."""

    def __init__(self, found: Reviewed, key: str | None) -> None:
        self._name, self._email = found.customer.name, found.customer.email
        own = found.customer.id.removeprefix("u_")
        # Only inside an id: a customer's word may be their key by chance.
        self._key = re.compile(rf"(?<=_){re.escape(own)}(?=_|\b)") if key is not None else None
        self.replaced: list[str] = []

    def __call__(self, text: str) -> str:
        fit = cleaned(text, name=self._name, email=self._email)
        self.replaced += [one for one in fit.replaced if one not in self.replaced]
        return self._key.sub("{key}", fit.text) if self._key is not None else fit.text


def _document(found: Reviewed, person: str, words: _Words) -> dict[str, Any]:
    steps: list[dict[str, Any]] = [{"say": words(text)} for text in found.said]
    if not steps:
        raise Invalid("The customer's words are no longer kept, so there is nothing to play.")
    if found.proposed.tool == "answer" and not found.proposed.review_after:
        # An answer is seen only once it is sent, so that a colleague sends what is proposed now.
        steps.append({"review": "approve"})
    tail = re.sub(r"[^a-z0-9]", "", found.review.id.lower())[-8:]
    return {
        "id": f"{found.proposed.category.replace('_', '-')}-review-{tail}",
        "about": _about(found, words),
        "person": person,
        "steps": steps,
        "expect": {"effects": [], **_expected(found, words)},
    }


def _about(found: Reviewed, words: _Words) -> str:
    """The colleague's reason is the expectation."""
    did = "changed" if found.instead is not None else "rejected"
    reason = (found.review.reason_code or "").replace("_", " ")
    note = words(" ".join(found.review.note.split()))
    return f"A colleague {did} this{f': {reason}' if reason else ''}.{f' {note}' if note else ''}"[:300]


def _expected(found: Reviewed, words: _Words) -> dict[str, Any]:
    """What must not be shown again, and what must be shown instead where a colleague made it."""
    if found.proposed.tool == "answer":
        old = _sentences(str(found.proposed.args.get("text", "")))
        new = _sentences(str(found.instead.args.get("text", ""))) if found.instead is not None else []
        gone = [words(one) for one in old if one not in new][:_MOST_SENTENCES]
        if not gone:
            raise Invalid("The answer has no sentence long enough to look for. Write the scenario by hand.")
        return {"never_says": gone}
    before = str(found.proposed.preview.get("title", ""))
    if not before:
        raise Invalid("What was proposed is no longer kept. Write the scenario by hand.")
    if found.instead is None:
        return {"never_says": [words(before)]}
    after = str(found.instead.preview.get("title", ""))
    if after == before:
        raise Invalid("The change does not show in what the customer sees. Write the scenario by hand.")
    return {"card": "confirm", "says": [words(after)], "never_says": [words(before)]}


def _sentences(text: str) -> list[str]:
    return [one.strip() for one in _SENTENCE.split(text) if len(one.strip()) >= _SHORTEST_SENTENCE]


def _checks(found: Reviewed, words: _Words, *, is_own: bool) -> Sequence[str]:
    checks = [f"replaced {one!r}; does the sentence still say what it should?" for one in words.replaced]
    if not is_own:
        checks.append("another customer's story is played: sums, orders and dates must fit it")
    if found.instead is None and found.proposed.tool != "answer":
        checks.append("nothing is expected instead; name a card or words if you know what is right")
    return checks
