"""A scenario: a customer, what they and a colleague do, and what must (and must not) have happened at the vendors."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from core.actions import VerdictKind
from core.frozen import Frozen
from core.standing import ReasonCode
from evals.seen import Route

CardKind = Literal["confirm", "step_up", "waiting", "receipt", "refused", "none"]
TicketState = Literal["none", "new", "open", "pending", "hold", "solved", "closed"]
Words = Annotated[str, Field(min_length=1, max_length=16_000)]


class Say(Frozen):
    """The customer writes this."""

    say: Words


class Press(Frozen):
    """The customer presses a button on the open card, or asks for a person."""

    press: Literal["confirm", "decline", "person"]


class Code(Frozen):
    """The customer types the mailed code, or a wrong one."""

    code: Literal["right", "wrong"]


class Review(Frozen):
    """A colleague decides on the action that waits."""

    review: Literal["approve", "reject", "edit", "take_over"]
    reason: ReasonCode | None = None
    args: dict[str, Any] | None = None
    """What an edit changes; the other arguments stay."""
    verdict: VerdictKind | None = None
    rule: str | None = None
    """What the rules must have said, and a rule that must be among those shown."""
    # The API must refuse it, with this status.
    refused: int | None = None


class Fault(Frozen):
    """The next matching request to a vendor goes wrong."""

    fault: Literal[
        "timeout_before", "timeout_after", "busy", "saved_500", "unavailable_503", "malformed", "drop"
    ]
    vendor: str
    path: Annotated[str, Field(pattern=r"\{[a-z]+(?: [^{}]+)?\}")]
    """What the request's path or body contains; it names something of this customer's, so that nobody else is hit."""
    times: int = 1


Step = Say | Press | Code | Review | Fault
_KINDS = ("say", "press", "code", "review", "fault")


def _kind(step: Any) -> str | None:
    """What kind of step this is, by the one word it has; so that a fault in it is not reported as another kind's."""
    if isinstance(step, Mapping):
        return next((kind for kind in _KINDS if kind in step), None)
    return type(step).__name__.lower()


_Told = Annotated[
    Annotated[Say, Tag("say")]
    | Annotated[Press, Tag("press")]
    | Annotated[Code, Tag("code")]
    | Annotated[Review, Tag("review")]
    | Annotated[Fault, Tag("fault")],
    Discriminator(
        _kind, custom_error_type="step", custom_error_message=f"a step has one of {', '.join(_KINDS)}"
    ),
]


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
    steps: tuple[_Told, ...] = Field(min_length=1)
    expect: Expect

    @property
    def must_not_act(self) -> bool:
        """True when any effect at all is wrong."""
        return not self.expect.effects
