"""The report as one page: summary, charts, each category beside its ladder, every transcript with the gate's verdicts."""

import json
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from evals.charts import categories_chart, pass_k_chart
from evals.grade import Result
from evals.journal import Head
from evals.seen import SeenCall

_HERE = Path(__file__).parent
_LONGEST = 1_200
Ladder = Mapping[str, Mapping[str, str]]
_CATEGORY_COLUMNS = (
    ("passed", "Passed"),
    ("resolved", "Resolved"),
    ("escalated_rightly", "To a person"),
    ("escalated_wrongly", "Wrongly to a person"),
    ("wrong_effects", "Wrong effects"),
    ("missing_effects", "Missing effects"),
    ("turns", "Turns"),
    ("model_calls", "Model calls"),
    ("tokens", "Tokens"),
)


def as_page(
    document: Mapping[str, Any], head: Head, results: Sequence[Result], ladder: Ladder | None = None
) -> str:
    """A page that needs nothing from anywhere; `ladder` is what the catalog and the ladder say per category."""
    whole = (_HERE / "page.html").read_text(encoding="utf-8")
    parts = {
        "title": escape(f"{head.suite} with {head.model}"),
        "summary": _summary(document, head),
        "pass_k": pass_k_chart(document),
        "chart": categories_chart(document["by_category"]),
        "categories": _categories(document, ladder or {}),
        "options": "".join(f"<option>{escape(name)}</option>" for name in document["by_category"]),
        "runs": "".join(map(_run, results)),
        "count": str(len(results)),
    }
    for name, text in parts.items():
        whole = whole.replace(f"<!--{name}-->", text)
    return whole


def _summary(document: Mapping[str, Any], head: Head) -> str:
    low, high = document["pass_k_interval"]["1"] or (0.0, 0.0)
    figures = (
        ("Passed", f"{document['passed']} of {document['runs']}"),
        ("pass^1", f"{document['pass_k']['1']:.3f} ({low:.3f} to {high:.3f})"),
        ("Wrong effects", str(document["wrong_effects"])),
        ("Scenarios", f"{document['scenarios']}, {head.epochs} x"),
        ("Model", head.model),
        ("Seed", str(head.seed)),
        ("When", f"{head.at:%Y-%m-%d %H:%M} UTC"),
        ("Took", f"{document['seconds']} s"),
    )
    return "".join(f"<div><dt>{escape(n)}</dt><dd>{escape(v)}</dd></div>" for n, v in figures)


def _categories(document: Mapping[str, Any], ladder: Ladder) -> str:
    names = [*dict.fromkeys(name for one in ladder.values() for name in one)]
    heads = ["Category", *names, *(title for _, title in _CATEGORY_COLUMNS), "Cost", "Median s"]
    rows = []
    for category, row in document["by_category"].items():
        place = ladder.get(category, {})
        cells = [category, *(place.get(name, "") for name in names)]
        cells += [
            str(row[key]) + (f"/{row['runs']}" if key == "passed" else "") for key, _ in _CATEGORY_COLUMNS
        ]
        cells.append(f"${row['cost_micro_usd'] / 1e6:.4f}")
        cells.append(f"{document['latency'][category]['median_seconds']:.2f}")
        bad = ' class="bad"' if row["wrong_effects"] or row["passed"] < row["runs"] else ""
        rows.append(f"<tr{bad}>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>")
    header = "".join(f'<th scope="col">{escape(name)}</th>' for name in heads)
    return f"<thead><tr>{header}</tr></thead><tbody>{''.join(rows)}</tbody>"


def _run(result: Result) -> str:
    state = "passed" if result.passed else "failed"
    called = [word for call in result.seen.calls for word in (call.name, *call.rules)]
    words = " ".join((result.scenario, result.category, *result.faults, *called, *result.transcript)).lower()
    told = f"{result.scenario}" + (f" ({result.epoch})" if result.epoch > 1 else "")
    count = result.wrong_effects
    effects = f"{count} wrong effect{'s' if count > 1 else ''}"
    wrong = f' <b class="wrong">{effects}</b>' if count else ""
    return (
        f'<details class="run {state}" data-category="{escape(result.category)}" data-state="{state}" '
        f'data-wrong="{result.wrong_effects}" data-words="{escape(words)}">'
        f'<summary><span class="mark">{state}</span> {escape(told)} <i>{escape(result.category)}</i>{wrong}'
        f"<span class='route'>{escape(result.seen.route.replace('_', ' '))}</span></summary>"
        f"{_faults(result)}<div class='two'>{_transcript(result)}{_calls(result.seen.calls)}</div></details>"
    )


def _faults(result: Result) -> str:
    listed = "".join(f"<li>{escape(fault)}</li>" for fault in result.faults)
    return f"<ul class='faults'>{listed}</ul>" if listed else ""


def _transcript(result: Result) -> str:
    lines = []
    for line in result.transcript:
        who, colon, words = line.partition(": ")
        known = colon and who in ("customer", "agent", "person", "system", "found")
        text = f"<b>{escape(who)}</b> {escape(words)}" if known else escape(line)
        lines.append(f'<p class="{escape(who) if known else "card"}">{text}</p>')
    return f"<section><h3>What the customer saw</h3>{''.join(lines)}</section>"


def _calls(calls: Sequence[SeenCall]) -> str:
    rows = "".join(
        f"<tr><td><code>{escape(call.name)}</code></td>"
        f"<td><pre>{escape(_short(json.dumps(call.args, ensure_ascii=False)))}</pre></td>"
        f"<td>{_verdict(call)}</td><td><pre>{escape(_short(call.came))}</pre></td></tr>"
        for call in calls
    )
    header = "<tr><th>Call</th><th>Arguments</th><th>Gate</th><th>What came of it</th></tr>"
    body = rows or '<tr><td colspan="4">No tool was called.</td></tr>'
    return f"<section><h3>What the agent called</h3><table class='calls'>{header}{body}</table></section>"


def _verdict(call: SeenCall) -> str:
    if call.verdict is not None:
        rules = ", ".join(call.rules) or "no rule"
        return (
            f'<b class="{call.verdict}">{call.verdict}</b><br>{escape(rules)}<br>{escape(call.state or "")}'
        )
    if call.check:
        return f'<b class="deny">refused</b><br>{escape(call.check)}'
    return "read" if call.ok else "read, failed"


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
