"""The table of broken agents: what each gets wrong, and how many scenarios see it."""

from collections.abc import Mapping, Sequence

from evals.broken.agents import BROKEN
from evals.grade import Result

HEAD = """\
# Broken agents

Ten agents with one fault each ([evals/broken/agents.py](../evals/broken/agents.py)), played through every suite behind the
same gate as the right one. A gate that keeps the harm off is not enough: a scenario fails when the agent is wrong. Made by
`remit evals broken --write`; an agent that no scenario catches makes that command exit 1.

| agent | its fault | scenarios that fail | wrong effects behind a careless approval | one that sees it | what it says |
| --- | --- | --- | --- | --- | --- |
"""
_LONGEST = 110


def as_markdown(found: Mapping[str, Sequence[Result]]) -> str:
    """The page, a row per agent."""
    return HEAD + "".join(_row(name, results) for name, results in found.items())


def uncaught(found: Mapping[str, Sequence[Result]]) -> list[str]:
    """Agents whose every run passed."""
    return [name for name, results in found.items() if all(r.passed for r in results)]


def _row(name: str, results: Sequence[Result]) -> str:
    failed = [r for r in results if not r.passed]
    first = failed[0] if failed else None
    cells = (
        f"`{name}`",
        (BROKEN[name].__doc__ or "").strip(),
        f"{len(failed)} of {len(results)}" if failed else "**none**",
        str(sum(r.wrong_effects for r in results)),
        f"`{first.scenario}`" if first else "",
        _cell(first.faults[0]) if first else "",
    )
    return f"| {' | '.join(cells)} |\n"


def _cell(text: str) -> str:
    plain = text.replace("|", "/").replace("\n", " ")
    return plain if len(plain) <= _LONGEST else f"{plain[:_LONGEST]}…"
