"""Replays runs through a pack: for each recorded write the verdict, the gate's route, and whether it was confirmed."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from approvals.gate import Evidence, escalations, route
from core.actions import Execute, Fired, Route, Verdict
from core.errors import Invalid
from core.standing import Standing
from evals.domains.ground import Look
from evals.domains.pack import Begin, Pack
from evals.replay.consent import Consent, Talk
from evals.replay.labels import is_right
from evals.replay.talk import Called, Run, Said
from policies.check import check

# Whatever standing may do most: only here can the rules alone let anything run.
_FREEST: Standing = "autonomous_2"
MALFORMED = "malformed_arguments"
NOT_OWNED = "not_the_customers_own"
NOT_GIVEN = "id_nobody_gave"


@dataclass(frozen=True, slots=True)
class Judged:
    """One recorded write and everything said about it."""

    run: Run
    call: Called
    category: str
    right: bool
    verdict: Verdict
    look: Look
    consent: Consent
    by_rules: Route
    """The route if the customer had confirmed and the category were autonomous: what rules alone do."""
    observed: Route
    """The route in observation, with the consent there was."""
    reviewed: Route
    """The route after a colleague approved what observation held."""

    @property
    def changed(self) -> bool:
        """True when its recorded output is no error."""
        return self.call.output is not None and not self.call.failed

    @property
    def stopped_by_rules(self) -> bool:
        """True when it would not have run alone even with a customer's yes."""
        return not isinstance(self.by_rules, Execute)

    @property
    def rules(self) -> tuple[str, ...]:
        """What stopped it: the gate's own checks, else the rules of the verdict."""
        if not self.stopped_by_rules:
            return ()
        if self.look.malformed is not None:
            return (MALFORMED,)
        if not self.look.given:
            return (NOT_GIVEN,)
        if not self.look.owned:
            return (NOT_OWNED,)
        return tuple(one.rule for one in self.verdict.fired if one.kind == self.verdict.kind)


def replay(pack: Pack, begin: Begin, runs: Iterable[Run]) -> Iterator[Judged]:
    """Every write of every run in recorded order; raises Invalid for a tool that the domain does not have."""
    for run in runs:
        yield from _replayed(pack, begin, run)


def _replayed(pack: Pack, begin: Begin, run: Run) -> Iterator[Judged]:
    ground, talk = begin(), Talk()
    for event in run.events:
        if isinstance(event, Said):
            ground.heard(event)
            talk.add(event)
            continue
        if event.name in pack.writes:
            yield _judged(pack, ground.look(event), talk, run, event)
        elif event.name not in pack.specs and not _unheard_of(event):
            known = ", ".join(sorted(pack.specs))
            raise Invalid(
                f"{run.place}, message {event.index}: the {pack.name} domain has no tool {event.name!r}; "
                f"known: {known}. Is it a run of another domain?"
            )
        ground.answered(event)


def _unheard_of(call: Called) -> bool:
    # A model may invent a tool; then the recording itself says that there is none.
    return call.failed or call.output is None


def _judged(pack: Pack, look: Look, talk: Talk, run: Run, call: Called) -> Judged:
    policy = pack.by_tool[call.name]
    verdict = check(policy, call.name, look.facts)
    if look.malformed is not None:
        fired = Fired(rule=MALFORMED, kind="deny", sentence=f"These arguments fit no tool: {look.malformed}.")
        verdict = Verdict(kind="deny", fired=(fired,), policy_version=policy.version)
    consent = talk.consent(look.claims)

    evidence = Evidence(
        given=look.given,
        owned=look.owned,
        verdict=verdict,
        breaches=(),
        stopped=False,
        confirm_needed=call.name in policy.confirm,
        confirmed=consent.given,
        step_up_needed=call.name in policy.step_up,
        stepped_up=False,
        standing="observation",
        tier=policy.tier,
        review_after=False,
        audited=False,
        approved=None,
    )
    return Judged(
        run,
        call,
        str(policy.category),
        is_right(call, run.expected),
        verdict,
        look,
        consent,
        by_rules=route(replace(evidence, standing=_FREEST, confirmed=True)),
        observed=route(evidence),
        reviewed=route(replace(evidence, approved=frozenset(escalations(evidence)))),
    )
