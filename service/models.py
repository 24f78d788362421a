"""Which model an evaluation runs: by name, from a recording, or a class in somebody's own file."""

import importlib.util
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

from agent.claude import ClaudeModel
from agent.model import Model
from agent.offline import OfflineModel
from core.errors import Invalid
from evals.broken.agents import BROKEN
from evals.recorded import RecordedModel, load_recording
from evals.scenario import Scenario
from evals.stage import Take
from service.claude_settings import claude_settings
from service.settings import Settings

ModelOf = Callable[[Scenario, Take], Model]
KINDS = "offline, claude-…, recorded:FILE, broken:NAME or python:FILE.py:CLASS"


def model_of(wanted: str, settings: Settings) -> ModelOf:
    """A model per run; raises Invalid or SettingsError for what cannot be had."""
    kind, _, rest = wanted.partition(":")
    match kind:
        case "offline" if not rest:
            return lambda scenario, take: OfflineModel()
        case "recorded":
            return _recorded(Path(rest))
        case "broken":
            return _broken(rest)
        case "python":
            return _own(rest)
        case _ if wanted.startswith("claude"):
            return _claude(wanted, settings)
        case _:
            raise Invalid(f"there is no model {wanted!r}; give {KINDS}")


def _recorded(path: Path) -> ModelOf:
    kept = load_recording(path)

    def of(scenario: Scenario, take: Take) -> Model:
        found = kept.get((scenario.id, take.epoch))
        if found is None:
            raise Invalid(f"{path} holds nothing of {scenario.id!r}, epoch {take.epoch}")
        return RecordedModel(found)

    return of


def _broken(name: str) -> ModelOf:
    if name not in BROKEN:
        raise Invalid(f"there is no broken agent {name!r}; known: {', '.join(BROKEN)}")
    made = BROKEN[name]
    return lambda scenario, take: made()


def _claude(name: str, settings: Settings) -> ModelOf:
    wanted = claude_settings(settings.model_copy(update={"model": name}))
    one = ClaudeModel(wanted)  # one client per process
    return lambda scenario, take: one


def _own(rest: str) -> ModelOf:
    """`FILE.py:CLASS`: a class whose instances are models, made anew for every run."""
    file, _, name = rest.rpartition(":")
    path = Path(file)
    spec = importlib.util.spec_from_file_location(path.stem, path) if path.is_file() else None
    if spec is None or spec.loader is None:
        raise Invalid(f"there is no file {file!r}; write python:FILE.py:CLASS")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # noqa: BLE001 - whatever is wrong with it, it is the file's author who can act
        raise Invalid(f"{path} cannot be loaded: {type(error).__name__}: {error}") from None
    made: Any = getattr(module, name, None)
    if made is None or not callable(made):
        there = ", ".join(n for n, v in vars(module).items() if inspect.isclass(v)) or "none"
        raise Invalid(f"{path} has no class {name!r}; classes there: {there}")
    return lambda scenario, take: made()
