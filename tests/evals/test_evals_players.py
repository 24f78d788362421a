"""Customers who are played keep to their brief, tell facts only when asked, and lose patience; models are named well."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from agent.model import Usage
from agent.scripted import ScriptedModel, call, say
from core.errors import Invalid, SettingsError
from evals.customers import Actor, Brief, Fact, Puppet
from evals.recorded import RecordedModel, Recorder, line_of, load_recording
from evals.scenario import Scenario
from evals.stage import Take
from evals.steps import Code, Press, Review, Say
from service.models import model_of
from service.settings import load

Event = tuple[str, Mapping[str, Any]]
BRIEF = Brief(
    goal=("I want my money back", "refund please"),
    facts=(Fact(asked="which order", say="it is order 1101"),),
    patience=2,
)


def agent(text: str) -> Event:
    return "message", {"author": "agent", "text": text}


def card(kind: str, action: str = "act_1") -> Event:
    return kind, {"action_id": action, "title": "Refund $49.00"}


async def test_a_fact_is_told_when_asked_and_only_once() -> None:
    puppet = Puppet(BRIEF, "1")
    first = await puppet.next([])
    assert isinstance(first, Say)
    assert first.say in BRIEF.goal
    assert await puppet.next([agent("Which order is it about?")]) == Say(say="it is order 1101")
    again = await puppet.next([agent("Which order is it about?")])
    assert isinstance(again, Say)
    assert "1101" not in again.say


async def test_patience_ends_after_as_many_questions_as_the_brief_says() -> None:
    puppet = Puppet(BRIEF, "1")
    said = [await puppet.next([agent("What is it about?")]) for _ in range(4)]
    assert [one is not None for one in said] == [True, True, True, False]


async def test_cards_are_pressed_as_the_brief_says() -> None:
    puppet = Puppet(BRIEF.model_copy(update={"changes_mind": "no, wait"}), "1")
    assert await puppet.next([card("confirm")]) == Say(say="no, wait")
    assert await puppet.next([card("confirm")]) == Press(press="decline")
    puppet = Puppet(BRIEF, "1")
    assert await puppet.next([card("confirm")]) == Press(press="confirm")
    assert await puppet.next([card("step_up")]) == Code(code="right")
    assert await puppet.next([card("waiting")]) == Review(review="approve")
    assert await puppet.next([card("waiting")]) is None
    assert await puppet.next([card("receipt"), ("closed", {"text": "Done."})]) is None
    unwilling = Puppet(BRIEF.model_copy(update={"confirms": False}), "1")
    assert await unwilling.next([card("confirm")]) == Press(press="decline")


async def test_one_seed_plays_one_way_and_typos_leave_numbers_alone() -> None:
    brief = Brief(goal=("please refund order 1101 of yesterday",), typos=5)
    said = [(await Puppet(brief, str(seed)).next([])) for seed in range(8)]
    assert said == [(await Puppet(brief, str(seed)).next([])) for seed in range(8)]
    words = {one.say for one in said if isinstance(one, Say)}
    assert len(words) > 1
    assert all("1101" in one for one in words)


async def test_a_model_plays_by_words_and_buttons() -> None:
    model = ScriptedModel([say("hello, a refund please"), say("[confirm]"), say("[leave]")])
    actor = Actor(BRIEF, model)
    assert await actor.next([]) == Say(say="hello, a refund please")
    assert await actor.next([agent("Please confirm."), card("confirm")]) == Press(press="confirm")
    assert await actor.next([card("waiting")]) == Review(review="approve")
    assert await actor.next([agent("Anything else?")]) is None
    model.assert_finished()
    assert "tell only when you are asked" in model.seen[0].system[0].text
    assert model.seen[0].tools == ()


def test_a_brief_with_a_pattern_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="asked is no pattern"):
        Fact(asked="(", say="x")


async def _spoken(model: Any) -> Any:
    async def unheard(text: str) -> None:
        return None

    return await model.reply(None, on_text=unheard)


async def test_replies_are_kept_and_given_again(tmp_path: Path) -> None:
    replies = [call("find_charges", "Let me look."), say("Here it is.")]
    recorder = Recorder(ScriptedModel(replies))
    first = [await _spoken(recorder) for _ in replies]
    path = tmp_path / "kept.jsonl"
    path.write_text(line_of(("one", 1), recorder.kept) + "\n")
    again = RecordedModel(load_recording(path)["one", 1])
    assert [await _spoken(again) for _ in replies] == first
    assert first[0].usage == Usage()
    with pytest.raises(Invalid, match="went another way"):
        await _spoken(again)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param("", "holds no recorded conversation", id="empty"),
        pytest.param("nonsense\n", ":1: not a recorded conversation", id="not-json"),
        pytest.param('{"format": 2}\n', ":1: format 2 is not 1", id="another-format"),
        pytest.param(
            '{"format": 1, "scenario": "a", "epoch": 1, "replies": [{}]}\n', ":1: not a rec", id="foreign"
        ),
    ],
)
def test_a_recording_that_is_none_is_named_with_its_line(tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "kept.jsonl"
    path.write_text(content)
    with pytest.raises(Invalid, match=said):
        load_recording(path)


OWN = """
class Mine:
    name, version = "mine", "1"
    async def reply(self, prompt, *, on_text): ...
    async def close(self): ...
"""


def test_models_are_found_by_name_or_the_error_says_what_there_is(tmp_path: Path) -> None:
    settings = load({"REMIT_HOME": str(tmp_path)})
    path = tmp_path / "mine.py"
    path.write_text(OWN)
    story: Scenario = Scenario.model_validate(
        {
            "id": "a",
            "about": "b",
            "category": "other",
            "person": "mara",
            "steps": ({"say": "hello"},),
            "expect": {"effects": (), "handed_over": False},
        }
    )
    assert model_of(f"python:{path}:Mine", settings)(story, Take()).name == "mine"
    assert model_of("offline", settings)(story, Take()).name == "offline"
    assert model_of("broken:twice", settings)(story, Take()).name == "faulty"
    with pytest.raises(Invalid, match="no class 'Yours'; classes there: Mine"):
        model_of(f"python:{path}:Yours", settings)
    with pytest.raises(Invalid, match="there is no file"):
        model_of("python:nowhere.py:Mine", settings)
    with pytest.raises(Invalid, match="no broken agent 'x'; known: refunds-everything"):
        model_of("broken:x", settings)
    with pytest.raises(Invalid, match="no model 'gpt'; give offline"):
        model_of("gpt", settings)
    with pytest.raises(SettingsError, match="needs ANTHROPIC_API_KEY"):
        model_of("claude-x", settings)
