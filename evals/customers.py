"""Customers who are played: by a seeded puppet with a goal and facts it gives only when asked, or by a model."""

import random
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Protocol

from pydantic import Field, model_validator

from agent.entries import Entry, Heard, Replied
from agent.model import Block, Model, Prompt
from core.frozen import Frozen
from evals.steps import Code, Press, Review, Say, Step, Words

Shown = Sequence[tuple[str, Mapping[str, Any]]]
_ENDS = frozenset({"closed", "handed_over"})
_LEAVES = ("Never mind then, bye.", "Forget it, I will try elsewhere.", "This leads nowhere, bye.")
_UNKNOWN = ("I do not know that.", "I am not sure.", "I cannot tell you that.")
_SWAPPED = re.compile(r"[a-z]{5,}")


class Fact(Frozen):
    """Something the customer knows and says only when asked: words that mean the question, and the answer."""

    asked: Annotated[str, Field(min_length=1)]
    say: Words

    @model_validator(mode="after")
    def _is_a_pattern(self) -> "Fact":
        try:
            re.compile(self.asked)
        except re.error as error:
            raise ValueError(f"asked is no pattern: {error}") from None
        return self


class Brief(Frozen):
    """Who is played: the goal in several wordings, facts, patience, slips of the keyboard, a change of mind."""

    goal: Annotated[tuple[Words, ...], Field(min_length=1)]
    facts: tuple[Fact, ...] = ()
    patience: Annotated[int, Field(ge=1, le=20)] = 3
    """How many questions without an answer they put up with."""
    typos: Annotated[int, Field(ge=0, le=10)] = 0
    """How many words of a message are misspelt, at most."""
    confirms: bool = True
    changes_mind: Words | None = None
    """Said at the first card; a card that is still there afterwards is declined."""
    review: Review = Review(review="approve")
    """What a colleague decides on whatever waits."""


class Player(Protocol):
    """Decides what a customer does next."""

    async def next(self, shown: Shown) -> Step | None:
        """The next step after what was shown so far; None when they leave."""


class Puppet:
    """Plays a brief without a model; the same seed plays the same."""

    def __init__(self, brief: Brief, seed: str) -> None:
        self._brief = brief
        # Chosen words only; nothing here is a secret.
        self._rng = random.Random(seed)  # noqa: S311
        self._patience = brief.patience
        self._has_changed = brief.changes_mind is None
        self._told: set[int] = set()
        self._reviewed: set[str] = set()

    async def next(self, shown: Shown) -> Step | None:
        if not shown:
            return self._say(self._rng.choice(self._brief.goal))
        if any(kind in _ENDS for kind, _ in shown):
            return None
        card = _open_card(shown)
        if card is not None:
            return self._at_card(*card)
        return self._answers(_last_words(shown))

    def _at_card(self, kind: str, action_id: str) -> Step | None:
        match kind:
            case "confirm" if not self._has_changed:
                self._has_changed = True
                return self._say(self._brief.changes_mind or "")
            case "confirm":
                # Whoever changed their mind and still sees the card says no to it.
                willing = self._brief.confirms and self._brief.changes_mind is None
                return Press(press="confirm" if willing else "decline")
            case "step_up":
                return Code(code="right")
            case "waiting" if action_id not in self._reviewed:
                self._reviewed.add(action_id)
                return self._brief.review
            case _:
                return None

    def _answers(self, words: str) -> Step | None:
        for number, fact in enumerate(self._brief.facts):
            if number not in self._told and re.search(fact.asked, words, re.IGNORECASE):
                self._told.add(number)
                return self._say(fact.say)
        if self._patience < 0 or "?" not in words:
            return None
        self._patience -= 1
        if self._patience < 0:
            return Say(say=self._rng.choice(_LEAVES))
        return Say(say=self._rng.choice(_UNKNOWN))

    def _say(self, words: str) -> Say:
        for _ in range(self._rng.randint(0, self._brief.typos)):
            words = self._slip(words)
        return Say(say=words)

    def _slip(self, words: str) -> str:
        """Two letters of one longer word change places; numbers and names in braces stay as they are."""
        found = [m for m in _SWAPPED.finditer(words) if "{" not in words[max(0, m.start() - 1) : m.start()]]
        if not found:
            return words
        word = self._rng.choice(found)
        place = self._rng.randint(word.start() + 1, word.end() - 3)
        return words[:place] + words[place + 1] + words[place] + words[place + 2 :]


class Actor:
    """Plays a brief by a model: it is shown what the customer sees and answers with words or a button."""

    def __init__(self, brief: Brief, model: Model) -> None:
        self._brief = brief
        self._model = model
        self._reviewed: set[str] = set()

    async def next(self, shown: Shown) -> Step | None:
        card = _open_card(shown)
        if card is not None and card[0] == "step_up":
            return Code(code="right")
        if card is not None and card[0] == "waiting":
            # A colleague is no part of the play: they decide as the brief says.
            if card[1] in self._reviewed:
                return None
            self._reviewed.add(card[1])
            return self._brief.review
        if any(kind in _ENDS for kind, _ in shown):
            return None
        reply = await self._model.reply(self._prompt(shown), on_text=_unheard)
        return _as_step(reply.text)

    def _prompt(self, shown: Shown) -> Prompt:
        now = datetime.now(UTC)
        entries = tuple(_entry(kind, body, now) for kind, body in shown)
        if not entries:
            opening = Heard(text="(The chat is open. Write first.)", message_id="m", request_id=None, at=now)
            entries = (opening,)
        return Prompt(system=(Block(_role(self._brief)),), tools=(), transcript=entries, topic=None, now=now)


_ROLE = """\
You play a customer in a chat with a support agent. Stay in the part; write only what the customer would write.
What you want: {goal}
What you know, and tell only when you are asked for it:
{facts}
You put up with {patience} questions you cannot answer. {mind}
When a card asks you to confirm what you want, answer with exactly [confirm], otherwise with exactly [decline].
When you have what you wanted, or give up, answer with exactly [leave]."""


def _role(brief: Brief) -> str:
    facts = "\n".join(f"- {fact.say}" for fact in brief.facts) or "- nothing more"
    mind = f"Before you first confirm, you say: {brief.changes_mind}" if brief.changes_mind else ""
    return _ROLE.format(goal=brief.goal[0], facts=facts, patience=brief.patience, mind=mind)


def _as_step(words: str) -> Step | None:
    match words.strip().lower():
        case "" | "[leave]":
            return None
        case "[confirm]":
            return Press(press="confirm")
        case "[decline]":
            return Press(press="decline")
        case _:
            return Say(say=words.strip()[:16_000])


def _entry(kind: str, body: Mapping[str, Any], at: datetime) -> Entry:
    """The other way round: what the customer wrote is the model's own reply, everything else is heard."""
    if kind == "message" and body.get("author") == "customer":
        return Replied(text=str(body["text"]), model="customer", request_id=None, at=at)
    words = " ".join(str(body.get(part, "")) for part in ("title", "text"))
    return Heard(text=f"[{kind}] {words.strip()}", message_id="m", request_id=None, at=at)


def _open_card(shown: Shown) -> tuple[str, str] | None:
    """The newest card that still waits for somebody: its kind and action."""
    newest = {str(body["action_id"]): kind for kind, body in shown if body.get("action_id")}
    for action_id, kind in reversed(newest.items()):
        if kind in ("confirm", "step_up", "waiting"):
            return kind, action_id
    return None


def _last_words(shown: Shown) -> str:
    said = [str(b["text"]) for k, b in shown if k == "message" and b.get("author") != "customer"]
    return said[-1] if said else ""


async def _unheard(text: str) -> None:
    """Nobody watches a customer type."""


def player(brief: Brief, seed: str, model: Model | None) -> Player:
    """Who plays this brief: the model when there is one, else the puppet."""
    return Puppet(brief, seed) if model is None else Actor(brief, model)


def most_steps(brief: Brief) -> int:
    """After how many steps a play is broken off: everything can be said, pressed and decided a few times over."""
    return 12 + 2 * len(brief.facts) + brief.patience
