"""Small plots that Markdown can hold: SVG in the page itself, which needs no file and no network."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from html import escape

_WIDTH, _HEIGHT, _MARGIN, _ACROSS = 240, 150, 34, 3
_TEXT = 'font-family="sans-serif" font-size="10" fill="#555"'
_LINE = 'fill="none" stroke="#3b6fb6" stroke-width="1.5"'

Points = Sequence[tuple[float, float]]


def lines(charts: Mapping[str, Points]) -> str:
    """One panel per chart, by its name, all on one scale of heights; as a Markdown image.

    Args:
        charts: points from left to right; one without a point is left out.
    """
    drawn = {name: points for name, points in charts.items() if points}
    heights = [height for points in drawn.values() for _, height in points]
    if not heights:
        return ""
    panels = [
        _panel(name, points, min(heights), max(heights), *divmod(place, _ACROSS))
        for place, (name, points) in enumerate(drawn.items())
    ]
    width, height = _ACROSS * _WIDTH, -(-len(drawn) // _ACROSS) * _HEIGHT
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}">'
        f'<rect width="100%" height="100%" fill="white"/>{"".join(panels)}</svg>'
    )
    names = ", ".join(drawn)
    return f"![{names}](data:image/svg+xml;base64,{b64encode(svg.encode()).decode()})"


def _panel(name: str, points: Points, low: float, high: float, row: int, column: int) -> str:
    """The line in its panel, with the least and the greatest value of both axes."""
    first, last = points[0][0], points[-1][0]
    left, top = column * _WIDTH, row * _HEIGHT
    right, bottom = left + _WIDTH - _MARGIN / 2, top + _HEIGHT - _MARGIN
    inner = _WIDTH - 1.5 * _MARGIN, _HEIGHT - 1.5 * _MARGIN
    places = " ".join(
        f"{left + _MARGIN + inner[0] * _share(x, first, last):.1f},"
        f"{bottom - inner[1] * _share(y, low, high):.1f}"
        for x, y in points
    )
    texts = [
        (left + _MARGIN, top + 12, "start", name),
        (left + _MARGIN - 3, bottom, "end", f"{low:.1f}"),
        (left + _MARGIN - 3, bottom - inner[1] + 8, "end", f"{high:.1f}"),
        (left + _MARGIN, bottom + 12, "start", f"{first:g}"),
        (right, bottom + 12, "end", f"{last:g}"),
    ]
    written = "".join(
        f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}" {_TEXT}>{escape(text)}</text>'
        for x, y, anchor, text in texts
    )
    return f'{written}<polyline points="{places}" {_LINE}/>'


def _share(value: float, low: float, high: float) -> float:
    return (value - low) / (high - low) if high > low else 0.5
