"""The charts of the report, as SVG that stands in the page."""

from collections.abc import Mapping
from html import escape
from typing import Any

_WIDE, _ROW, _LEFT, _KEY = 760, 22, 170, 145
_PARTS = (
    ("resolved", "resolved"),
    ("escalated_rightly", "rightly to a person"),
    ("escalated_wrongly", "wrongly to a person"),
)


def categories_chart(by_category: Mapping[str, Mapping[str, Any]]) -> str:
    """A bar per category: what was resolved, what went to a person, what failed."""
    height = _ROW * (len(by_category) + 1) + 8
    most = max((row["runs"] for row in by_category.values()), default=1)
    unit = (_WIDE - _LEFT - 50) / most
    bars = [_legend()]
    for number, (category, row) in enumerate(by_category.items(), start=1):
        bars.append(_bar(category, row, y=number * _ROW + 6, unit=unit))
    told = "Runs per category: resolved, to a person, failed"
    return f'<svg role="img" aria-label="{told}" viewBox="0 0 {_WIDE} {height}" class="bars">{"".join(bars)}</svg>'


def _legend() -> str:
    parts = [*(name for _, name in _PARTS), "failed or stopped"]
    kinds = [*(key for key, _ in _PARTS), "failed"]
    return "".join(
        f'<rect class="{kind}" x="{_LEFT + n * _KEY}" y="4" width="10" height="10"/>'
        f'<text x="{_LEFT + n * _KEY + 14}" y="13">{name}</text>'
        for n, (kind, name) in enumerate(zip(kinds, parts, strict=True))
    )


def _bar(category: str, row: Mapping[str, Any], *, y: int, unit: float) -> str:
    shown = [f'<text class="name" x="{_LEFT - 8}" y="{y + 12}">{escape(category)}</text>']
    x = float(_LEFT)
    counts = [(key, row[key]) for key, _ in _PARTS]
    counts.append(("failed", max(0, row["runs"] - sum(count for _, count in counts))))
    for kind, count in counts:
        shown.append(
            f'<rect class="{kind}" x="{x:.1f}" y="{y}" width="{count * unit:.1f}" height="15">'
            f"<title>{escape(category)}: {count} {kind.replace('_', ' ')}</title></rect>"
        )
        x += count * unit
    shown.append(f'<text x="{x + 6:.1f}" y="{y + 12}">{row["passed"]}/{row["runs"]}</text>')
    return "".join(shown)


def pass_k_chart(document: Mapping[str, Any]) -> str:
    """pass^k over k with its 95 % interval; nothing to draw with a single epoch."""
    points = [
        (int(k), v, document["pass_k_interval"][k]) for k, v in document["pass_k"].items() if v is not None
    ]
    if len(points) < 2:
        return '<p class="quiet">pass^k needs several epochs: run with --epochs 4.</p>'

    def at(k: int, share: float) -> tuple[float, float]:
        return 40 + (k - 1) * 40, 10 + (1 - share) * 150

    line = " ".join("{:.1f},{:.1f}".format(*at(k, v)) for k, v, _ in points)
    shown = [f'<polyline class="curve" points="{line}"/>']
    for k, share, (low, high) in points:
        x, y = at(k, share)
        shown.append(
            f'<line class="range" x1="{x}" x2="{x}" y1="{at(k, low)[1]:.1f}" y2="{at(k, high)[1]:.1f}"/>'
        )
        shown.append(f'<circle cx="{x}" cy="{y:.1f}" r="3.5"><title>pass^{k} = {share:.3f}</title></circle>')
        shown.append(f'<text x="{x}" y="180" text-anchor="middle">{k}</text>')
    shown.append('<text x="340" y="20" text-anchor="end">pass^k, 95 % interval</text>')
    for share in (0, 0.5, 1):
        shown.append(f'<text x="30" y="{at(1, share)[1] + 4:.1f}" text-anchor="end">{share:g}</text>')
    return f'<svg role="img" aria-label="pass^k for each k" viewBox="0 0 360 190" class="curve">{"".join(shown)}</svg>'
