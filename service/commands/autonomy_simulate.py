"""`remit autonomy simulate`: the ladder's own code on invented streams, as JSON, words and a plot."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from approvals.ladder.plot import line_svg
from approvals.ladder.simulate import Setting, Simulated, shares, simulate
from approvals.ladder.words import share
from service.commands.output import Json, columns, report, say


def simulate_command(
    threshold: Annotated[float, typer.Option(help="The error rate to stay below: 0.01 is 1 %.")] = 0.01,
    error_rate: Annotated[float, typer.Option(help="The true error rate, which nobody knows.")] = 0.002,
    miss_rate: Annotated[float, typer.Option(help="The share of errors that reviewers let pass.")] = 0.0,
    audit: Annotated[float, typer.Option(help="The share of tickets audited once it runs alone.")] = 0.05,
    streams: Annotated[int, typer.Option(help="How many streams.")] = 200,
    tickets: Annotated[int, typer.Option(help="How many tickets a stream has at most.")] = 5_000,
    seed: Annotated[int, typer.Option(help="The same seed, the same streams.")] = 1,
    plot: Annotated[Path | None, typer.Option(help="Write an SVG of when streams graduate.")] = None,
    as_json: Json = False,
) -> None:
    """How often and when a category like this graduates, and how soon drift pulls it back."""
    found = simulate(
        Setting(threshold, error_rate, miss_rate, audit, streams=streams, tickets=tickets, seed=seed)
    )
    if plot is not None:
        plot.write_text(_drawn(found), encoding="utf-8")
    if as_json:
        report(_as_report(found))
        return
    _say(found)


def _as_report(found: Simulated) -> dict[str, Any]:
    return {
        **asdict(found.setting),
        "graduated": found.graduated,
        "false_graduation": found.graduated if found.is_false else None,
        "median_tickets": found.median_tickets,
        "found_out": found.found_out,
        "demotion": [asdict(one) for one in found.demotions],
    }


def _say(found: Simulated) -> None:
    is_wrong = " Each of them wrongly: the rate is not below the threshold." if found.is_false else ""
    say(f"{share(found.graduated)} of {found.setting.streams} streams graduated.{is_wrong}")
    if found.median_tickets is not None:
        say(f"Half of those took at most {found.median_tickets:.0f} tickets.")
    if found.found_out:
        say(f"In {share(found.found_out)} the reviewer was found out by canaries.")
    say("Once it runs alone and its error rate rises, it is pulled back after, on average:")
    rows = [
        (f"{d.drift:g}x", share(d.error_rate), f"{d.mean_tickets:.0f}", f"{d.mean_audits:.0f}", share(d.rang))
        for d in found.demotions
    ]
    columns([("drift", "error rate", "tickets", "audits", "noticed"), *rows])


def _drawn(found: Simulated) -> str:
    one = found.setting
    return line_svg(
        shares(found.at, one.streams),
        title=f"Graduated streams; threshold {share(one.threshold)}, true error rate {share(one.error_rate)}",
        x_label="reviewed tickets",
        y_label="100 %",
        x_most=float(one.tickets),
        y_most=1.0,
        bar=0.05 if found.is_false else None,
    )
