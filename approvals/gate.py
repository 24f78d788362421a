"""The gate: from what is known about an action to what happens next. Pure, and the only place that decides it."""

from dataclasses import dataclass

from core.actions import Ask, Execute, Fired, HandOver, Hold, Refuse, Route, Verdict
from core.standing import AUTONOMOUS, Standing, Tier

# One sentence for a foreign thing and a missing thing, so that neither can be told from the other.
NOT_FOUND = "There is nothing like that among your records."
BESIDE_PEOPLE = "A colleague takes care of this; the agent only learns from it."
STOPPED = "Actions of this kind are stopped at the moment."


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was established about one action, each field by code and none by the model."""

    given: bool
    owned: bool
    verdict: Verdict
    breaches: tuple[Fired, ...]
    stopped: bool
    confirm_needed: bool
    confirmed: bool
    step_up_needed: bool
    stepped_up: bool
    standing: Standing
    tier: Tier
    review_after: bool
    # Chosen, before anything is known of the outcome, to be looked at after it ran alone.
    audited: bool
    # The escalations a colleague saw and approved for exactly this digest; None when nobody did.
    approved: frozenset[str] | None


def route(evidence: Evidence) -> Route:
    """Refuse, ask, hold or execute: the checks in the order of DESIGN.md section 4."""
    return _forbidden(evidence) or _asked(evidence) or _left_to_a_person(evidence) or _by_standing(evidence)


def escalations(evidence: Evidence) -> dict[str, str]:
    """Everything that leaves this action to a person: rule id -> sentence."""
    fired = (*evidence.verdict.fired, *evidence.breaches)
    said = {f.rule: f.sentence for f in fired if f.kind == "escalate"}
    if evidence.verdict.kind != "allow" and not said:
        said["no_rule_allows"] = "No rule allows this without a person."
    return said


def _forbidden(evidence: Evidence) -> Route | None:
    if not evidence.given:
        return Refuse("provenance", NOT_FOUND)
    if not evidence.owned:
        return Refuse("ownership", NOT_FOUND)
    if evidence.verdict.kind == "deny":
        return Refuse("rules", " ".join(evidence.verdict.sentences) or "This is not possible.")
    if evidence.standing == "off":
        return HandOver("Requests of this kind are handled by people.")
    if evidence.standing == "shadow":
        return HandOver(BESIDE_PEOPLE)
    return None


def _asked(evidence: Evidence) -> Route | None:
    if evidence.confirm_needed and not evidence.confirmed:
        return Ask("confirm")
    if evidence.step_up_needed and not evidence.stepped_up:
        return Ask("step_up")
    return None


def _left_to_a_person(evidence: Evidence) -> Route | None:
    if evidence.stopped:
        return Hold((STOPPED,))
    left = escalations(evidence)
    if evidence.approved is not None:
        # An approval satisfies exactly the escalations it showed: a new one is shown first.
        new = tuple(sentence for rule, sentence in left.items() if rule not in evidence.approved)
        return Hold(new) if new else Execute(review_after=False)
    return Hold(tuple(left.values())) if left else None


def _by_standing(evidence: Evidence) -> Route:
    if evidence.review_after and evidence.standing != "suspended":
        return Execute(review_after=True)
    if evidence.standing in AUTONOMOUS and evidence.tier == 1 and evidence.verdict.kind == "allow":
        return Execute(review_after=evidence.audited)
    return Hold(("A colleague checks every action of this kind.",))
