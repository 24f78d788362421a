"""The answer: a reply that closes a ticket without a vendor write; proposed, judged and reviewed like any action."""

from typing import Annotated

from pydantic import StringConstraints

from core.actions import Line, Permit, Preview, Receipt
from core.facts import FactSet, read_facts
from core.ids import ActionId
from core.tool_spec import ToolSpec
from tools.crm.customer_facts import customer_facts
from tools.kit import Args, Scope, WriteTool


class AnswerArgs(Args):
    """`text` is what the customer reads; `closes` says that it settles their request."""

    text: Annotated[str, StringConstraints(min_length=1, max_length=4000, strip_whitespace=True)]
    closes: bool


class Answer(WriteTool[AnswerArgs]):
    """Sends nothing itself: the service sends what was executed, from the action's own arguments."""

    honours_key = True
    args = AnswerArgs
    spec = ToolSpec(
        name="answer",
        version=1,
        kind="write",
        family="answer",
        risk="low",
        description="Give the customer the final answer to a question, from what was looked up. No other effect.",
        schema=AnswerArgs.model_json_schema(),
        facts={
            "answer.length": "int",
            "customer.tier": "string",
            "customer.tier_known": "bool",
            "customer.health": "string",
        },
    )

    async def owned(self, args: AnswerArgs, scope: Scope) -> bool:
        return True

    async def facts(self, args: AnswerArgs, scope: Scope) -> FactSet:
        return read_facts("remit", scope.now, answer__length=len(args.text)) | await customer_facts(scope)

    def targets(self, args: AnswerArgs) -> tuple[str, ...]:
        return ()

    def preview(self, args: AnswerArgs, facts: FactSet) -> Preview:
        return Preview(title="Send this answer", lines=(Line(label="Answer", after=args.text),))

    async def execute(self, args: AnswerArgs, permit: Permit, scope: Scope) -> Receipt:
        return Receipt(
            vendor="remit",
            kind="answer",
            object=permit.action_id,
            reference=permit.action_id,
            title="Answered",
            at=scope.now,
        )

    async def look_up(self, args: AnswerArgs, action_id: ActionId, scope: Scope) -> Receipt | None:
        # Nothing outside ever happened, so it is surely not there: executing again is harmless.
        return None
