"""Plays the story once per plan: kills it where the plan says, lets it recover until it is quiet, and judges."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any

import httpx
import psycopg

from core.errors import RemitError
from evals.crash.plans import Measured, Plan, chosen
from evals.crash.points import Points, Strike
from evals.crash.verdict import Kill, Run, Seen, reported
from service.crash_house import crash_house
from service.crash_lab import Child, Ended, Lab, Play, lab
from service.crash_story import WAIT, Step, Teller
from store import audit

_NOTHING = Seen(effects=0, states=(), with_person=False, said_done=0, receipts=0, mails_done=0)
# Between a kill and what comes after it: what was held by the dead has run out.
_AFTER = WAIT.total_seconds()


def crash(
    *, kills: int | None, seed: int, seconds: float | None = None, share: tuple[int, int] = (0, 1)
) -> dict[str, Any]:
    """The report of this share (number, of how many) of the plans, on a lab of its own.

    Args:
        kills: about how many, shared out over all kinds; None: every plan there is.
        seconds: no story begins after so long.
    """
    began = time.perf_counter()
    with lab(f"{share[0]}") as made:
        stories = Stories(made)
        measured = stories.measure()
        plans = chosen(kills, measured, seed)[share[0] :: share[1]]
        runs = []
        for plan in plans:
            if seconds is not None and time.perf_counter() - began > seconds:
                break
            runs.append(stories.judged(plan))
        points = {
            "story": measured.story,
            "story_writes": measured.story_writes,
            "worker": measured.worker,
            "effect": measured.effect,
            "recovery_writes": measured.recovery_writes,
        }
        return reported(
            runs, seconds=time.perf_counter() - began, points=points, audit=asyncio.run(_audit(made))
        )


async def _audit(made: Lab) -> str:
    async with crash_house(made.lasting, Points(None, lambda _: None), ahead=timedelta()) as house:
        async with house.service.store.begin() as work:
            await audit.anchor_now(work.conn, house.anchor)
            found = await audit.verify(work.conn, house.anchor)
    return "ok" if found.ok else str(found.problem)


class Stories:
    """Every story on one lab."""

    def __init__(self, made: Lab) -> None:
        self._lab = made

    def measure(self) -> Measured:
        """Counts the points of an undisturbed story; the later kills go by these numbers."""
        began = time.perf_counter()
        story = self._points(self._child(self._lab.teller()).end())
        seconds = time.perf_counter() - began
        writes = self._points(self._child(self._lab.teller(), reads=False).end())
        approved = self._approved()
        worker = self._points(self._child(approved, reads=False).end())
        return Measured(
            story=len(story),
            story_writes=len(writes),
            worker=len(worker),
            effect=_until_told(worker),
            recovery_writes=len(worker),
            seconds=seconds,
        )

    def judged(self, plan: Plan) -> Run:
        """One story with its kills; what breaks outside of it is a finding too, and the next one begins afresh."""
        try:
            run = self._run(plan)
        except (RuntimeError, OSError, psycopg.Error, httpx.HTTPError, RemitError) as error:
            run = Run(str(plan), (), _NOTHING, (f"could not be judged: {error!r}",))
        if run.wrong:
            self._lab.forget_jobs()
        return run

    def _run(self, plan: Plan) -> Run:
        teller = self._lab.teller() if plan.kind in ("points", "moments", "database") else self._approved()
        kills, wrong, ahead = [], [], 0.0
        for number, moment in enumerate((plan.first, plan.second)):
            if moment is None:
                continue
            ended = self._struck(plan, teller, moment, ahead=ahead, first=number == 0)
            if ended.struck is not None:
                kills.append(Kill("database" if plan.kind == "database" else "process", ended.struck))
                wrong += teller.seen().wrong_now()
            elif ended.error is not None:
                wrong.append(f"broke without a kill: {ended.error}")
            ahead += _AFTER
        last = self._child(teller, ahead=ahead).end()
        seen = Seen.of(_bare(last.document)) if last.document else teller.seen()
        teller.leave()
        wrong += [f"the recovery broke: {last.error}"] if last.error else []
        return Run(str(plan), tuple(kills), seen, (*wrong, *seen.wrong_at_rest()))

    def _struck(self, plan: Plan, teller: Teller, moment: float, *, ahead: float, first: bool) -> Ended:
        match plan.kind:
            case "moments":
                child = self._child(teller, ahead=ahead)
                time.sleep(moment)
                return _killed(child)
            case "database":
                child = self._child(
                    teller, at=int(moment), strike=self._lab.kill_database, reads=False, ahead=ahead
                )
                ended = child.end()
                if ended.struck is not None:
                    teller.leave()
                    self._lab.revive_database()
                return ended
            case "workers":
                other = self._child(teller, only="work", ahead=ahead)
                ended = self._child(teller, at=int(moment), reads=False, ahead=ahead).end()
                other.end()
                return ended
            case _:
                reads = plan.kind == "points"
                return self._child(teller, at=int(moment), reads=reads, ahead=ahead).end()

    def _approved(self) -> Teller:
        """A story up to the colleague's yes."""
        teller = self._lab.teller()
        ended = self._child(teller, until="work").end()
        if ended.error:
            raise RuntimeError(ended.error)
        return teller

    def _child(
        self,
        teller: Teller,
        *,
        at: int | None = None,
        strike: Strike | None = None,
        reads: bool = True,
        until: Step = "rest",
        only: Step | None = None,
        ahead: float = 0.0,
    ) -> Child:
        return Child(_play(teller, until, only, ahead), at=at, strike=strike, reads=reads)

    def _points(self, ended: Ended) -> Sequence[str]:
        if ended.document is None:
            raise RuntimeError(f"an undisturbed story broke: {ended.error}")
        points: list[str] = ended.document["points"]
        return points


def _play(teller: Teller, until: Step, only: Step | None, ahead: float) -> Play:
    async def play(points: Points) -> dict[str, Any]:
        async with crash_house(teller.lasting, points, ahead=timedelta(seconds=ahead)) as house:
            if only == "work":
                # A second worker that takes whatever the first one leaves.
                for _ in range(3):
                    with suppress(RemitError):
                        await house.work()
            else:
                await teller.tell(house, until=until)
        return teller.seen().as_document()

    return play


def _killed(child: Child) -> Ended:
    """Ends it now, unless it has ended by itself."""
    with suppress(ProcessLookupError):
        child.kill()
    ended = child.end()
    return ended if ended.document or ended.error else Ended(None, "a moment", None)


def _until_told(points: Sequence[str]) -> int:
    """How many points there are from the approval to the commit of the receipt, the job's own end included."""
    sent = points.index("stripe: answered")
    return sent + 1 + next(n for n, name in enumerate(points[sent + 1 :], 1) if name == "job: after")


def _bare(document: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name != "points"}
