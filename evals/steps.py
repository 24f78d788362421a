"""What happens in a scenario, a step at a time: the customer writes and presses, a colleague decides, a vendor fails."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from core.actions import VerdictKind
from core.frozen import Frozen
from core.standing import ReasonCode

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


Told = Annotated[
    Annotated[Say, Tag("say")]
    | Annotated[Press, Tag("press")]
    | Annotated[Code, Tag("code")]
    | Annotated[Review, Tag("review")]
    | Annotated[Fault, Tag("fault")],
    Discriminator(
        _kind, custom_error_type="step", custom_error_message=f"a step has one of {', '.join(_KINDS)}"
    ),
]
