"""What became of one story after every kill: judged by the sandbox's ledger and by what the customer was told."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Seen:
    """One customer's story at a moment: effects at the vendor, what was said of them, and who has it."""

    effects: int
    states: tuple[str, ...]
    with_person: bool
    said_done: int
    receipts: int
    mails_done: int
    open_jobs: int = 0

    def wrong_now(self) -> list[str]:
        """What may hold at no moment, not even between a kill and the recovery."""
        told = max(self.said_done, self.receipts, self.mails_done)
        wrong = []
        if self.effects > 1:
            wrong.append(f"{self.effects} effects")
        if told and not self.effects:
            wrong.append("told done when it was not")
        if self.said_done > 1 or self.receipts > 1:
            wrong.append(f"told {self.said_done} times, {self.receipts} receipts")
        return wrong

    def wrong_at_rest(self) -> list[str]:
        """The same once everything is quiet: one effect and told, or none and a person has it."""
        wrong = self.wrong_now()
        if self.effects == 0 and not self.with_person:
            wrong.append(f"no effect and nobody asked: {', '.join(self.states) or 'no action'}")
        if self.effects == 1 and not (self.said_done or self.with_person):
            wrong.append(f"done and never told: {', '.join(self.states)}")
        if self.open_jobs:
            wrong.append(f"{self.open_jobs} jobs never came to rest")
        return wrong

    @property
    def told_wrongly(self) -> bool:
        """True when the customer heard that it was done and it was not."""
        return not self.effects and bool(self.said_done or self.receipts or self.mails_done)

    @classmethod
    def of(cls, document: dict[str, Any]) -> "Seen":
        """Back from what a child process wrote."""
        return cls(**{**document, "states": tuple(document["states"])})

    def as_document(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Kill:
    """One kill: of a process or of the database, at which point (or moment) of which part of the story."""

    what: str  # process, database
    where: str


@dataclass(frozen=True)
class Run:
    """One story with its kills, and what was wrong with it."""

    plan: str
    kills: tuple[Kill, ...]
    seen: Seen
    wrong: tuple[str, ...]


def reported(runs: Sequence[Run], *, seconds: float, points: dict[str, int], audit: str) -> dict[str, Any]:
    """The report as plain data."""
    kills = [kill for run in runs for kill in run.kills]
    wrong = [
        {"plan": run.plan, "why": why, "kills": [f"{k.what} at {k.where}" for k in run.kills]}
        for run in runs
        for why in run.wrong
    ]
    if audit != "ok":
        wrong.append({"plan": "audit verify", "why": audit, "kills": []})
    return {
        "kills": len(kills),
        "database_kills": sum(1 for kill in kills if kill.what == "database"),
        "runs": len(runs),
        "effects_one": sum(1 for run in runs if run.seen.effects == 1),
        "effects_zero_person": sum(1 for run in runs if run.seen.effects == 0 and run.seen.with_person),
        "told_done_wrongly": sum(1 for run in runs if run.seen.told_wrongly),
        "violations": wrong,
        "points": points,
        "by_plan": _counted([run.plan.split(":")[0] for run in runs for _ in run.kills]),
        "by_point": _counted([kill.where for kill in kills]),
        "audit": audit,
        "seconds": round(seconds, 1),
    }


def _counted(names: Sequence[str]) -> dict[str, int]:
    return {name: names.count(name) for name in sorted(set(names))}


def as_text(report: dict[str, Any]) -> str:
    """The same for people."""
    lines = [
        f"{report['kills']} kills ({report['database_kills']} of the database) in {report['runs']} stories, "
        f"{report['seconds']} s; points: " + ", ".join(f"{name} {n}" for name, n in report["points"].items()),
        f"one effect: {report['effects_one']}; none and a person asked: {report['effects_zero_person']}; "
        f"told done wrongly: {report['told_done_wrongly']}; audit log: {report['audit']}",
        f"violations: {len(report['violations'])}",
    ]
    lines += [
        f"  {one['plan']}: {one['why']} ({'; '.join(one['kills'])})" for one in report["violations"][:20]
    ]
    return "\n".join(lines)
