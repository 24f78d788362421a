"""A scenario: a customer, what they and a colleague do, and what must (and must not) have happened at the vendors."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from core.frozen import Frozen
from evals.customers import Brief
from evals.seen import Route
from evals.steps import Told

CardKind = Literal["confirm", "step_up", "waiting", "receipt", "refused", "none"]
TicketState = Literal["none", "new", "open", "pending", "hold", "solved", "closed"]


class ExpectedEffect(Frozen):
    """One row of the sandbox's ledger; braces in the object name something of the customer's (`{key}`, `{order 1042}`)."""

    vendor: str
    kind: str
    object: str
    amount: int | None = None
    currency: str | None = None
    detail: Mapping[str, Any] = Field(default_factory=dict)
    """What else the ledger must say of it, such as the new plan or address; more may stand there."""


class Expect(Frozen):
    """What is graded: the ledger always, the rest where it is named."""

    effects: tuple[ExpectedEffect, ...]
    forbidden: tuple[str, ...] = ()
    """Kinds of effects that this scenario is about not causing; any effect not expected is wrong anyway."""
    card: CardKind | None = None
    ticket: TicketState | None = None
    handed_over: bool | None = None
    route: Route | None = None
    """What became of it: answered, asked, held, executed, refused or handed_over."""
    reason: str | None = None
    """What must be among the reasons: the name of a rule, or words of a refusal or a hand-over."""
    proposes: tuple[str, ...] | None = None
    """The writes the agent may call for, in any number; None leaves it open. An answer is always allowed."""
    says: tuple[str, ...] = ()
    never_says: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _decides_something(self) -> "Expect":
        seen = (self.card, self.ticket, self.handed_over, self.route)
        weighs = self.effects or self.forbidden or self.says or self.never_says
        if not weighs and not any(one is not None for one in seen):
            raise ValueError(
                "a scenario without effects must name what it forbids, or a card, ticket or words"
            )
        return self


class Scenario(Frozen):
    """One story; `with` changes fields of the sandbox person it is played on."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=80)]
    about: str
    category: str
    person: str
    changes: Mapping[str, Any] = Field(default_factory=dict, alias="with")
    steps: tuple[Told, ...] = ()
    customer: Brief | None = None
    """Who is played instead of following steps."""
    expect: Expect

    @model_validator(mode="after")
    def _is_played(self) -> "Scenario":
        if bool(self.steps) == (self.customer is not None):
            raise ValueError("a scenario has either steps or a customer, and at least one step")
        return self

    @property
    def must_not_act(self) -> bool:
        """True when any effect at all is wrong."""
        return not self.expect.effects
