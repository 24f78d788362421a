"""What a category's file says, as frozen types; `CategoryPolicy` is one that passed every check of the loader."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from core.actions import Fired, VerdictKind
from core.facts import FactType, FactValue
from core.frozen import Frozen
from core.ids import Category
from core.standing import Standing, Tier
from policies.cel import Language, Program, Together
from policies.procedure import AnyStep, Text

RuleId = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)]
Line = Annotated[str, Field(min_length=1, max_length=300)]
Count = Annotated[int, Field(ge=1, le=1_000_000)]
Cap = Annotated[int, Field(ge=1, le=100_000_000)]
Currency = Annotated[str, Field(pattern=r"^[a-z]{3}$")]
Words = Literal["security", "legal", "compliance"]
Answers = Literal["hold", "send_then_review"]


class Rule(Frozen):
    """One rule over facts: exactly one of `allow`, `escalate`, `deny` holds its expression."""

    id: RuleId
    tools: tuple[str, ...] = Field(min_length=1)
    allow: str | None = None
    escalate: str | None = None
    deny: str | None = None
    sentence: Line
    owner: Line
    reason: Line
    exception: Line

    @model_validator(mode="after")
    def _one_verdict(self) -> Self:
        if sum(text is not None for text in (self.allow, self.escalate, self.deny)) != 1:
            raise ValueError("a rule has exactly one of allow, escalate, deny")
        return self

    @property
    def kind(self) -> VerdictKind:
        """What it says when its expression is true."""
        return "allow" if self.allow is not None else "escalate" if self.escalate is not None else "deny"

    @property
    def expression(self) -> str:
        """The CEL expression."""
        return self.allow or self.escalate or self.deny or ""


class Limit(Frozen):
    """At most `count` actions, and at most these minor units per currency; an unnamed currency has no room."""

    count: Count | None = None
    amounts: Mapping[Currency, Cap] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _flat(cls, value: object) -> object:
        # In the file the currencies stand beside `count`: {count: 3, usd: 20000}.
        if not isinstance(value, dict) or "amounts" in value:
            return value
        amounts = {key: amount for key, amount in value.items() if key != "count"}
        return {"count": value.get("count"), "amounts": amounts}


class Limits(Frozen):
    """Caps on what runs without a person, counted over reserved, unsure and done."""

    per_object_lifetime: Limit = Limit()
    per_customer_day: Limit = Limit()
    per_category_day: Limit = Limit()


class AlwaysEscalate(Frozen):
    """What brings a person whatever the rules say."""

    confidence_below_pct: Annotated[int, Field(ge=0, le=100)] = 60
    tiers: tuple[Literal["standard", "plus", "vip"], ...] = ()
    health: tuple[Literal["good", "at_risk", "unknown"], ...] = ()
    angry: bool = True
    contacts_30d_over: Annotated[int, Field(ge=0)] | None = None
    handovers_over: Annotated[int, Field(ge=0)] | None = None
    own_writes_over: Annotated[int, Field(ge=0)] | None = None
    words: tuple[Words, ...] = ("security", "legal", "compliance")


class Autonomy(Frozen):
    """How good a category must be, how far it may rise and how many days that takes at least."""

    threshold: Annotated[float, Field(gt=0, lt=0.5)]
    ceiling: Standing
    min_days: Annotated[int, Field(ge=1, le=365)]


class Example(Frozen):
    """Facts and the verdict they must get, by the rule named (`no_rule_matched` and `always.*` are rules too)."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=80)]
    tool: str
    facts: Mapping[str, FactValue | None] = Field(default_factory=dict)
    """In the file what differs from `example_facts` (null takes a fact away); once loaded, all facts."""
    expect: VerdictKind
    rule: str


class CategoryFile(Frozen):
    """Everything one catalog file says."""

    title: Line
    tier: Tier
    owner: Line
    about: Line
    tools: tuple[str, ...]
    procedure: tuple[AnyStep, ...] = Field(min_length=1)
    rules: tuple[Rule, ...] = ()
    limits: Limits = Limits()
    confirm: tuple[str, ...] = ()
    step_up: tuple[str, ...] = ()
    always_escalate: AlwaysEscalate = AlwaysEscalate()
    answers: Answers = "hold"
    expires_hours: Annotated[int, Field(ge=1, le=168)] = 24
    autonomy: Autonomy
    reply_notes: tuple[Text, ...] = ()
    example_facts: Mapping[str, Mapping[str, FactValue]] = Field(default_factory=dict)
    """Per tool, the facts every example starts from."""
    examples: tuple[Example, ...] = ()
    utterances: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Compiled:
    """A rule ready to be asked for one tool, with what it says when it holds and when it cannot be asked."""

    rule: Rule
    program: Program
    fired: Fired
    unchecked: Fired


@dataclass(frozen=True, slots=True)
class Judge:
    """All that decides about one write of a category."""

    declared: Mapping[str, FactType]
    language: Language
    rules: tuple[Compiled, ...]
    together: Together
    """The same rules in the same order, asked at once."""


class CategoryPolicy(CategoryFile):
    """A checked category; `version` changes whenever a verdict or its words could."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    category: Category
    version: str
    reads: frozenset[str]
    writes: frozenset[str]
    judges: Mapping[str, Judge] = Field(repr=False, exclude=True)
    """By the name of the write."""


@dataclass(frozen=True, slots=True)
class Catalog:
    """Every category by its name."""

    categories: Mapping[Category, CategoryPolicy]

    def get(self, category: str) -> CategoryPolicy | None:
        """The category's policy, or None if there is no such category."""
        return self.categories.get(Category(category))

    def utterances(self) -> dict[Category, tuple[str, ...]]:
        """What triage is trained on."""
        return {name: policy.utterances for name, policy in self.categories.items()}
