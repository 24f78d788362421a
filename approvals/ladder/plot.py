"""A line in an SVG, small enough to be written by hand. Pure."""

from collections.abc import Sequence
from xml.sax.saxutils import escape

_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP = 640, 280, 56, 40, 36
_STYLE = (
    "text{font:12px system-ui,sans-serif;fill:currentColor}.axis{stroke:currentColor;opacity:.4}"
    ".bar{stroke:#b42318;stroke-dasharray:5 4}.line{stroke:#175cd3;stroke-width:2;fill:none}"
)


def line_svg(
    points: Sequence[tuple[float, float]],
    *,
    title: str,
    x_label: str,
    y_label: str,
    x_most: float,
    y_most: float,
    bar: float | None = None,
) -> str:
    """An SVG document with one stepped line from the origin, its axes in words, and a dashed bar."""

    def x(value: float) -> str:
        return f"{_LEFT + (_WIDTH - _LEFT - 16) * min(1.0, value / x_most):.1f}"

    def y(value: float) -> str:
        return f"{_HEIGHT - _BOTTOM - (_HEIGHT - _BOTTOM - _TOP) * min(1.0, value / y_most):.1f}"

    path = [f"M{x(0)},{y(0)}"]
    for at, value in points:
        path.append(f"H{x(at)}V{y(value)}")
    path.append(f"H{x(x_most)}")
    right, base = x(x_most), y(0)
    dashed = (
        "" if bar is None else f'<line class="bar" x1="{x(0)}" y1="{y(bar)}" x2="{right}" y2="{y(bar)}"/>'
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style>"
        f'<text x="{_LEFT}" y="20">{escape(title)}</text>'
        f'<line class="axis" x1="{x(0)}" y1="{base}" x2="{right}" y2="{base}"/>'
        f'<line class="axis" x1="{x(0)}" y1="{y(y_most)}" x2="{x(0)}" y2="{base}"/>{dashed}'
        f'<path class="line" d="{"".join(path)}"/>'
        f'<text x="{_LEFT}" y="{_HEIGHT - 10}">{escape(x_label)}</text>'
        f'<text x="{_WIDTH - 16}" y="{_HEIGHT - 24}" text-anchor="end">{x_most:g}</text>'
        f'<text x="{_LEFT - 6}" y="{y(y_most)}" text-anchor="end">{escape(y_label)}</text></svg>\n'
    )
