"""Line charts as SVG, without a library."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

Points = Sequence[tuple[float, float]]

WIDTH, HEIGHT, MARGIN = 420, 260, 45
LEGEND = 15
COLOURS = ("#0b6e99", "#c2410c", "#3f7d20", "#7c3aed", "#64748b", "#b45309", "#be185d")


def write(file: Path, charts: Mapping[str, Mapping[str, Points]]) -> None:
    """Writes charts side by side.

    Args:
        charts: title → name of a line → its points, from left to right.
    """
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH * len(charts)}" '
        f'height="{HEIGHT}" font-family="sans-serif" font-size="11">',
        '<rect width="100%" height="100%" fill="white"/>',
    ]
    for number, (title, lines) in enumerate(charts.items()):
        parts.append(f'<g transform="translate({number * WIDTH} 0)">')
        parts += _chart(title, lines)
        parts.append("</g>")
    file.write_text("\n".join([*parts, "</svg>", ""]), encoding="utf-8")


def _chart(title: str, lines: Mapping[str, Points]) -> list[str]:
    points = [point for line in lines.values() for point in line]
    left, right = min(x for x, _ in points), max(x for x, _ in points)
    low, high = min(y for _, y in points), max(y for _, y in points)

    def place(x: float, y: float) -> tuple[float, float]:
        across = (x - left) / ((right - left) or 1)
        up = (y - low) / ((high - low) or 1)
        return (
            MARGIN + across * (WIDTH - 2 * MARGIN),
            HEIGHT - MARGIN - up * (HEIGHT - 2 * MARGIN),
        )

    parts = [f'<text x="{WIDTH / 2}" y="20" text-anchor="middle">{escape(title)}</text>']
    for step in range(5):
        value = low + (high - low) * step / 4
        x, y = place(left, value)
        parts.append(f'<path d="M{x:.1f} {y:.1f}H{WIDTH - MARGIN}" stroke="#ddd"/>')
        parts.append(f'<text x="{x - 5:.1f}" y="{y + 4:.1f}" text-anchor="end">{value:.3g}</text>')
    for value in (left, (left + right) / 2, right):
        x, y = place(value, low)
        parts.append(f'<text x="{x:.1f}" y="{y + 16:.1f}" text-anchor="middle">{value:g}</text>')
    for number, (name, line) in enumerate(lines.items()):
        colour = COLOURS[number % len(COLOURS)]
        path = " ".join("{:.1f},{:.1f}".format(*place(x, y)) for x, y in line)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        x = round(LEGEND + number * min(75, (WIDTH - LEGEND) / len(lines)), 1)
        parts.append(f'<text x="{x}" y="{HEIGHT - 8}" fill="{colour}">{escape(name)}</text>')
    return parts
