"""`remit autonomy evidence CATEGORY`: what one category has shown, as JSON or in words."""

from collections.abc import Mapping
from dataclasses import asdict

from approvals.ladder.views import CategoryView
from approvals.ladder.words import share
from core.standing import Standing
from service.commands.output import report, say

WHAT_IT_MEANS: Mapping[Standing, str] = {
    "off": "People handle all of it.",
    "shadow": "The agent works beside people; nothing it proposes is sent or done.",
    "observation": "A colleague decides on every action.",
    "autonomous_20": "What its rules allow runs alone; one ticket in five is looked at afterwards.",
    "autonomous_5": "What its rules allow runs alone; one ticket in twenty is looked at afterwards.",
    "autonomous_2": "What its rules allow runs alone; one ticket in fifty is looked at afterwards.",
    "suspended": "Nothing of it runs until a person lifts it.",
}


def show_category(view: CategoryView, *, as_json: bool) -> None:
    """Prints it; the JSON holds every field of the view."""
    if as_json:
        report(asdict(view))
        return
    say(f"{view.title} ({view.category}) is in {view.standing}. {WHAT_IT_MEANS[view.standing]}")
    say(
        f"{view.n} tickets, {view.k} errors in {view.days} days: log E {view.log_e:.4f}, bar {view.bars[0].log_e:.4f}"
    )
    say(f"Canaries: {view.canaries_shown} shown, {view.canaries_missed} missed.")
    say(
        f"The error rate lies below {share(view.upper_bound)}; it must be below {share(view.effective_threshold)}."
    )
    for sentence in view.blocked_by:
        say(f"- {sentence}")
    if view.may_graduate:
        say(f"It may be moved to {view.next_rung}: remit autonomy graduate {view.category} --reason ...")
    elif view.forecast.days:
        say(f"At the present rate the evidence takes about {view.forecast.days} more days.")
    say(view.guarantee)
