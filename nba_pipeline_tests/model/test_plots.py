"""Plots are what their points say, and need no file."""

import re
from base64 import b64decode
from xml.etree import ElementTree as ET

from nba_pipeline.model import plots

_NAME = "{http://www.w3.org/2000/svg}"


def drawn(image: str) -> ET.Element:
    """The SVG of a Markdown image."""
    return ET.fromstring(b64decode(image.split("base64,")[1].rstrip(")")))  # noqa: S314


def test_panels_share_one_scale_and_say_their_ends() -> None:
    """One line rises from the least to the greatest height, the other stays at the middle."""
    image = plots.lines({"minutes": [(10, 4.0), (30, 20.0)], "rest < 2": [(1, 12.0), (3, 12.0)]})
    assert image.startswith("![minutes, rest < 2](data:image/svg+xml;base64,")
    svg = drawn(image)
    rises, stays = (
        [tuple(map(float, p.split(","))) for p in line.get("points").split()]
        for line in svg.findall(f"{_NAME}polyline")
    )
    (left, low), (right, high) = rises
    assert left < right
    assert low > high
    assert {y for _x, y in stays} == {(low + high) / 2}
    texts = [text.text for text in svg.findall(f"{_NAME}text")]
    assert texts[:5] == ["minutes", "4.0", "20.0", "10", "30"]
    assert texts[5] == "rest < 2"
    assert not re.search("href|url", image)


def test_nothing_is_drawn_of_nothing() -> None:
    """A feature of which no value is known has no line."""
    assert plots.lines({}) == plots.lines({"minutes": []}) == ""
