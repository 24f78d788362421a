"""The whole prompt as a file to review: a changed word in it shows as a changed line."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agent.claude import tool_param
from agent.entries import CallResult, Heard, Replied, Results
from agent.messages import messages
from agent.model import Prompt
from agent.prompt import build
from core.actions import ToolCall
from policies.model import Catalog
from tests.agent.chat_bench import catalog
from tools.toolset import specs

HERE = Path(__file__).parent / "snapshots"
AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def _prompt(*categories: str, now: datetime = AT) -> Prompt:
    known: Catalog = catalog()
    call = ToolCall(id="toolu_1", name="find_charges", args={})
    found = CallResult(call_id="toolu_1", name="find_charges", content='{"charges":[]}', ok=True)
    transcript = (
        Heard(text="I was charged twice", message_id="m1", request_id="r1", at=AT),
        Replied(text="Let me look.", calls=(call,), model="x", request_id="r1", at=AT),
        Results(results=(found,), request_id="r1", at=AT),
    )
    return build([known.categories[name] for name in categories], specs(), transcript, None, now)  # type: ignore[index]


def _as_text(prompt: Prompt) -> str:
    """The prompt as one reads it, with its cache marks."""
    parts = ["=== tools"]
    for spec in prompt.tools:
        schema = tool_param(spec)["input_schema"]
        fields = "\n".join(f"    {name}: {field}" for name, field in sorted(schema["properties"].items()))
        parts.append(f"{spec.name}: {spec.description}\n{fields}".rstrip())
    for block in prompt.system:
        parts.append(f"=== system{' (cached up to here)' if block.cache else ''}\n{block.text}")
    for message in messages(prompt.transcript):
        parts.append(f"=== {message['role']}")
        parts += [str(block) for block in message["content"]]
    return "\n\n".join(parts) + "\n"


@pytest.mark.parametrize("name", ["duplicate_charge", "order_status", "mfa_reset", "other"])
def test_prompt_is_as_reviewed(name: str) -> None:
    text, file = _as_text(_prompt(name)), HERE / f"{name}.txt"
    if not file.exists():
        file.write_text(text)
        pytest.fail(f"{file.name} was missing and is written now: review it and run again")
    assert text == file.read_text(), f"the prompt changed: review it, delete {file.name} and run again"


def test_prefix_is_the_same_whatever_is_said_and_when() -> None:
    first, later = _prompt("duplicate_charge"), _prompt("duplicate_charge", now=AT + timedelta(hours=3))
    assert (first.system, first.tools) == (later.system, later.tools)


def test_order_of_requests_does_not_matter() -> None:
    one, other = _prompt("duplicate_charge", "order_status"), _prompt("order_status", "duplicate_charge")
    assert (one.system, one.tools) == (other.system, other.tools)


def test_exactly_one_block_of_the_system_ends_the_cached_prefix() -> None:
    for categories in ([], ["other"], ["duplicate_charge", "order_status"]):
        marks = [block.cache for block in _prompt(*categories).system]
        assert marks.count(True) == 1
        assert marks[-1] is False


@pytest.mark.parametrize("name", sorted(catalog().categories))
def test_every_rule_and_note_of_a_category_is_told(name: str) -> None:
    policy = catalog().categories[name]  # type: ignore[index]
    text = "\n".join(block.text for block in _prompt(name).system)
    for rule in policy.rules:
        assert rule.sentence in text
    for note in policy.reply_notes:
        assert note.strip() in text


def test_the_offline_model_has_a_description_of_every_tool_it_may_call() -> None:
    for policy in catalog().categories.values():
        offered = {tool.name for tool in _prompt(policy.category).tools}
        assert set(policy.tools) <= offered
