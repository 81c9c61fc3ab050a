"""Lines over an axis of powers, side by side, as SVG."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final, TypeAlias

Point: TypeAlias = tuple[float, float]

COLOURS: Final = ("#1f6feb", "#cf222e", "#1a7f37", "#9a6700", "#8250df", "#57606a")
WIDTH: Final = 360
HEIGHT: Final = 300
LEFT, RIGHT, TOP, BOTTOM = 56, 34, 36, 92
INNER_WIDTH: Final = WIDTH - LEFT - RIGHT
INNER_HEIGHT: Final = HEIGHT - TOP - BOTTOM


@dataclass(frozen=True, slots=True)
class Panel:
    """Lines by their names, each a sequence of points whose first coordinate grows."""

    title: str
    x_title: str
    lines: Mapping[str, Sequence[Point]]


def svg(panels: Sequence[Panel]) -> str:
    """The panels that have lines, from left to right."""
    shown = [panel for panel in panels if panel.lines]
    width = WIDTH * len(shown)
    drawn = "".join(
        f'<g transform="translate({WIDTH * at} 0)">\n{_panel(panel)}</g>\n' for at, panel in enumerate(shown)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {HEIGHT}" width="{width}" height="{HEIGHT}" '
        f'font-family="sans-serif" font-size="11">\n<rect width="{width}" height="{HEIGHT}" fill="#ffffff"/>\n'
        f"{drawn}</svg>\n"
    )


def _panel(panel: Panel) -> str:
    points = [point for line in panel.lines.values() for point in line]
    left, right = math.log(min(x for x, _ in points)), math.log(max(x for x, _ in points))
    step = _step(max(y for _, y in points))
    top = step * math.ceil(max(y for _, y in points) / step)

    def place(x: float, y: float) -> Point:
        share = (math.log(x) - left) / (right - left) if right > left else 0.5
        return LEFT + share * INNER_WIDTH, TOP + INNER_HEIGHT * (1 - y / top)

    parts = [_text(WIDTH / 2, 20, panel.title, weight="bold"), _text(WIDTH / 2, HEIGHT - BOTTOM + 32, panel.x_title)]
    for index in range(round(top / step) + 1):
        _, y = place(math.exp(left), index * step)
        parts += [
            f'<path d="M{LEFT} {y:.1f}h{INNER_WIDTH}" stroke="#d0d7de"/>\n',
            _text(LEFT - 6, y + 4, f"{index * step:,g}", anchor="end"),
        ]
    parts += [_text(place(x, 0)[0], HEIGHT - BOTTOM + 16, f"{x:,.0f}") for x in sorted({x for x, _ in points})]
    for index, (name, line) in enumerate(panel.lines.items()):
        parts.append(_line(name, [place(x, y) for x, y in line], index))
    return "".join(parts)


def _line(name: str, points: Sequence[Point], index: int) -> str:
    colour = COLOURS[index % len(COLOURS)]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>\n' for x, y in points)
    x, y = LEFT + index % 3 * INNER_WIDTH / 3, HEIGHT - 36 + index // 3 * 18
    return (
        f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>\n{dots}'
        f'<rect x="{x:.1f}" y="{y - 9}" width="10" height="10" fill="{colour}"/>\n'
        f"{_text(x + 15, y, name, anchor='start')}"
    )


def _step(most: float) -> float:
    """A round number of which about five reach so far."""
    rough = max(most, 1e-9) / 5
    power = 10 ** math.floor(math.log10(rough))
    return next(power * digit for digit in (1, 2, 5, 10) if power * digit >= rough)


def _text(x: float, y: float, text: str, *, anchor: str = "middle", weight: str = "normal") -> str:
    words = escape(text)
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-weight="{weight}" fill="#1f2328">{words}</text>\n'
    )
