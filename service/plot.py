"""A line over time as an SVG drawing: where its points, ticks and bars lie is worked out here, a template draws them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

WIDTH, HEIGHT = 640, 210
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 14, 14, 26
# Dots on a line of more points than this would touch each other.
_MOST_DOTS = 40


@dataclass(frozen=True, slots=True)
class Point:
    """A value at a place along the axis (seconds or a count); None is a gap."""

    x: float
    y: float | None
    label: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """A tick, a bar or a dot: where it lies in the drawing, and what is written there."""

    x: float
    y: float
    label: str


@dataclass(frozen=True, slots=True)
class Plot:
    """What the template draws; each line is the `points` of a polyline, and a gap in the data ends one."""

    title: str
    lines: Sequence[str]
    dots: Sequence[Mark]
    flags: Sequence[Mark]
    """Points that want to be seen whatever the line does, such as errors."""
    bars: Sequence[Mark]
    across: Sequence[Mark]
    up: Sequence[Mark]
    left: float = _LEFT
    right: float = WIDTH - _RIGHT
    bottom: float = HEIGHT - _BOTTOM
    width: int = WIDTH
    height: int = HEIGHT


def plot(
    title: str,
    points: Sequence[Point],
    *,
    bars: Sequence[tuple[float, str]] = (),
    across: Sequence[tuple[float, str]] = (),
    in_words: Callable[[float], str] = "{:g}".format,
    at_most: float | None = None,
    flags: Sequence[Point] = (),
) -> Plot:
    """The drawing of points in order.

    Args:
        bars: levels to reach or to stay under, each with its name.
        across: what is written along the axis, at which places.
        at_most: the axis never goes further up than this, however high the line.
        flags: points of the line that are marked.
    """
    values = [p.y for p in points if p.y is not None] + [value for value, _ in bars]
    low, high = min([0.0, *values]), max([*values, 0.0])
    if at_most is not None:
        high = min(high, at_most)
    ticks = list(_ticks(low, high))
    low, high = min(low, ticks[0]), max(high, ticks[-1])
    first, last = (points[0].x, points[-1].x) if points else (0.0, 1.0)

    def place(x: float, y: float, label: str = "") -> Mark:
        along = (x - first) / (last - first) if last > first else 0.5
        above = (min(y, high) - low) / (high - low)
        wide, tall = WIDTH - _LEFT - _RIGHT, HEIGHT - _TOP - _BOTTOM
        return Mark(round(_LEFT + along * wide, 1), round(HEIGHT - _BOTTOM - above * tall, 1), label)

    marks = [None if p.y is None else place(p.x, p.y, p.label) for p in points]
    found = [mark for mark in marks if mark is not None]
    return Plot(
        title=title,
        lines=tuple(_lines(marks)),
        dots=tuple(found) if len(found) <= _MOST_DOTS else tuple(found[-1:]),
        flags=tuple(place(p.x, p.y, p.label) for p in flags if p.y is not None),
        bars=tuple(place(first, value, name) for value, name in sorted(bars)),
        across=tuple(place(x, low, label) for x, label in across),
        up=tuple(place(first, tick, in_words(tick)) for tick in ticks),
    )


def _lines(marks: Sequence[Mark | None]) -> Iterator[str]:
    """Stretches without a gap; a single point is a dot and no line."""
    stretch: list[str] = []
    for mark in (*marks, None):
        if mark is not None:
            stretch.append(f"{mark.x},{mark.y}")
        else:
            if len(stretch) > 1:
                yield " ".join(stretch)
            stretch = []


def _ticks(low: float, high: float) -> Iterator[float]:
    """Three to six round numbers that reach over the whole axis."""
    reach = high - low or 1.0
    rough = reach / 4
    size = 10.0 ** floor(log10(rough))
    step = next(step for step in (size, 2 * size, 2.5 * size, 5 * size, 10 * size) if step >= rough)
    for n in range(floor(low / step), ceil((low + reach) / step) + 1):
        yield n * step
