"""From raw rows to evidence, and from evidence to the standing it supports. Pure: the same rows give the same answer."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import inf, log
from typing import Literal

from approvals.ladder.bars import MIN_TICKETS, RUNGS, Canaries, Weighed, alpha_of, weigh
from approvals.ladder.detector import Watched, watch
from approvals.ladder.eprocess import Item, log_e
from approvals.ladder.history import CanaryAnswer, History, Proposal, Review, Version
from approvals.ladder.outcomes import is_critical, says
from approvals.ladder.reviewers import sensitivities, too_fast
from core.standing import STRICTEST_FIRST, Standing, Tier

# An item that nobody decided on for so long counts as an error.
UNDECIDED_IS_ERROR = timedelta(days=7)
MIN_DAYS = 14
Reads = Literal["clean", "error", "void", "waits", "set_aside"]
# An error settles a ticket; otherwise it waits as long as anything in it does, and doubt about one is doubt about all.
_STRONGEST_FIRST: tuple[Reads, ...] = ("error", "waits", "set_aside", "clean", "void")
Blocker = Literal["tier", "ceiling", "n", "days", "canaries", "sensitivity", "evidence"]


@dataclass(frozen=True, slots=True)
class Terms:
    """What a category's file asks, in the words of the ladder."""

    category: str
    tier: Tier
    threshold: float
    ceiling: Standing
    min_days: int = MIN_DAYS


@dataclass(frozen=True, slots=True)
class Ticket:
    """One ticket as evidence: what it says, and why where that is not plain."""

    id: str
    at: datetime
    reads: Reads
    action_ids: tuple[str, ...]
    why: str = ""
    audited: bool = False
    critical: bool = False

    @property
    def x(self) -> float:
        """1 for an error, else 0."""
        return float(self.reads == "error")


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the present version of a category has shown."""

    terms: Terms
    version: Version | None
    counted: tuple[Ticket, ...]
    behind: tuple[Ticket, ...]
    set_aside: tuple[Ticket, ...]
    waiting_for: Ticket | None
    canaries: Canaries
    weighed: Weighed
    peak: float
    days: int

    @property
    def n(self) -> int:
        return len(self.counted)

    @property
    def k(self) -> int:
        return self.weighed.k

    @property
    def errors(self) -> tuple[Ticket, ...]:
        """The tickets that count against the agent."""
        return tuple(ticket for ticket in self.counted if ticket.reads == "error")


def evidence(history: History, terms: Terms, version: Version | None, now: datetime) -> Evidence:
    """The decided prefix of a version's tickets in proposal order, and what it proves at that version's risk."""
    found_out = _found_out(history.canaries)
    tickets = _tickets(history, version, found_out, now)
    counted, behind, stop = _decided_prefix(tickets)
    canaries = _canaries(history.canaries, terms.category, found_out)
    n, k = len(counted), sum(ticket.reads == "error" for ticket in counted)
    alpha = alpha_of(version.v if version else 1)
    weighed = weigh(n, k, terms.threshold, alpha=alpha, canaries=canaries)
    first = counted[0].at if counted else now
    return Evidence(
        terms=terms,
        version=version,
        counted=counted,
        behind=behind,
        set_aside=tuple(ticket for ticket in tickets if ticket.reads == "set_aside"),
        waiting_for=stop,
        canaries=canaries,
        weighed=weighed,
        peak=_peak(counted, weighed.effective_threshold),
        days=max(0, (now - first).days),
    )


def supported(shown: Evidence) -> Standing:
    """The freest standing this evidence has ever allowed; observation when it allows none.

    E counts at its highest: the guarantee holds for the first moment it reaches the bar, and what comes after a
    graduation is watched by the detector. An error found later changes the past, and so what is supported.
    """
    best: Standing = "observation"
    for rung in RUNGS:
        if not _blockers(shown, rung, shown.peak):
            best = rung
    return best


def blockers(shown: Evidence, rung: Standing = "autonomous_20") -> tuple[Blocker, ...]:
    """What keeps the category off this rung now; nothing means that a person may graduate it."""
    return _blockers(shown, rung, shown.weighed.log_e)


def _blockers(shown: Evidence, rung: Standing, log_value: float) -> tuple[Blocker, ...]:
    terms, times = shown.terms, RUNGS.get(rung)
    if times is None:
        return ("evidence",)
    stands: Mapping[Blocker, bool] = {
        "tier": terms.tier != 1,
        "ceiling": STRICTEST_FIRST.index(rung) > STRICTEST_FIRST.index(terms.ceiling),
        "n": shown.n < MIN_TICKETS,
        "days": shown.days < max(MIN_DAYS, terms.min_days),
        "canaries": shown.canaries.shown == 0,
        "evidence": log_value < log(shown.weighed.bar * times),
    }
    return tuple(name for name, blocks in stands.items() if blocks)


def audits(history: History, since: datetime, now: datetime) -> tuple[Ticket, ...]:
    """Audited tickets proposed since then, in order, up to the first that waits."""
    chosen = [p for p in history.proposals if p.audited and p.at >= since]
    tickets = _read(chosen, _found_out(history.canaries), too_fast(history.proposals), now)
    return _decided_prefix(tickets)[0]


def watched(history: History, threshold: float, since: datetime, now: datetime) -> Watched:
    """The drift detector over the audits since then."""
    return watch((Item(ticket.x) for ticket in audits(history, since, now)), threshold)


def version_at(versions: Sequence[Version], agent_version: str, at: datetime) -> Version | None:
    """The stretch an action of this agent version at this time belongs to."""
    fits = [one for one in versions if one.agent_version == agent_version and one.began_at <= at]
    return max(fits, key=lambda one: one.v, default=None)


def _tickets(
    history: History, version: Version | None, found_out: frozenset[str], now: datetime
) -> list[Ticket]:
    if version is None:
        return []
    mine = [p for p in history.proposals if version_at(history.versions, p.version, p.at) == version]
    return _read(mine, found_out, too_fast(history.proposals), now)


def _read(
    proposals: Iterable[Proposal], found_out: frozenset[str], fast: frozenset[str], now: datetime
) -> list[Ticket]:
    """Tickets by their first proposal."""
    grouped: dict[str, list[Proposal]] = {}
    for proposal in sorted(proposals, key=lambda p: (p.at, p.action_id)):
        if not proposal.alone or proposal.audited:
            grouped.setdefault(proposal.ticket, []).append(proposal)
    return [_ticket(of, found_out, fast, now) for of in grouped.values()]


def _ticket(
    proposals: Sequence[Proposal], found_out: frozenset[str], fast: frozenset[str], now: datetime
) -> Ticket:
    read = dict(_reads(p, found_out, fast, now) for p in reversed(proposals))
    reads = next(one for one in _STRONGEST_FIRST if one in read)
    return Ticket(
        id=proposals[0].ticket,
        at=proposals[0].at,
        reads=reads,
        action_ids=tuple(p.action_id for p in proposals),
        why=read[reads],
        audited=any(p.audited for p in proposals),
        critical=any(is_critical(r.decision, r.reason) for p in proposals for r in p.reviews),
    )


def _reads(
    proposal: Proposal, found_out: frozenset[str], fast: frozenset[str], now: datetime
) -> tuple[Reads, str]:
    if proposal.late:
        return "error", proposal.late[0]
    counting = [r for r in proposal.reviews if r.by not in found_out and r.by not in fast]
    told = [(says(r.decision, r.reason, r.material), r) for r in counting]
    wrong = next((r for what, r in told if what == "error"), None)
    if wrong is not None:
        return "error", _why(wrong)
    if proposal.waits or proposal.unreviewed:
        old = now - proposal.at >= UNDECIDED_IS_ERROR
        return ("error", "nobody decided on it for seven days") if old else ("waits", "")
    if len(counting) < len(proposal.reviews):
        who = next(r.by for r in proposal.reviews if r not in counting)
        return (
            "set_aside",
            "reviewed faster than anybody reads" if who in fast else "reviewer misses canaries",
        )
    return ("clean", "") if any(what == "clean" for what, _ in told) else ("void", "")


def _why(review: Review) -> str:
    return (review.reason or {"edit": "changed", "take_over": "taken over"}.get(review.decision, "")).replace(
        "_", " "
    )


def _decided_prefix(
    tickets: Sequence[Ticket],
) -> tuple[tuple[Ticket, ...], tuple[Ticket, ...], Ticket | None]:
    """What counts, what is decided behind the first that waits, and that first one."""
    stop = next((i for i, ticket in enumerate(tickets) if ticket.reads == "waits"), len(tickets))
    counts = [[t for t in part if t.reads in ("clean", "error")] for part in (tickets[:stop], tickets[stop:])]
    return tuple(counts[0]), tuple(counts[1]), tickets[stop] if stop < len(tickets) else None


def _found_out(answers: Iterable[CanaryAnswer]) -> frozenset[str]:
    return frozenset(by for by, one in sensitivities(answers).items() if one.found_out)


def _canaries(answers: Iterable[CanaryAnswer], category: str, found_out: frozenset[str]) -> Canaries:
    """Canaries of this category, decided by approvers whose reviews count."""
    mine = [a for a in answers if a.category == category and a.by not in found_out]
    return Canaries(len(mine), sum(a.missed for a in mine))


def _peak(counted: Sequence[Ticket], threshold: float) -> float:
    """The highest log E at any look from the hundredth ticket on; -inf before."""
    if threshold <= 0:
        return -inf
    best, k = -inf, 0
    for n, ticket in enumerate(counted, start=1):
        k += ticket.reads == "error"
        # Between errors E only grows, so its peaks are right before an error and at the end.
        before_error = n < len(counted) and counted[n].reads == "error"
        if n >= MIN_TICKETS and (before_error or n == len(counted)):
            best = max(best, log_e(n, k, threshold))
    return best
