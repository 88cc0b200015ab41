"""Makes the outlines of the US states that the pages' map shows: `python -m devkit.us_states states-10m.json`.

The file is of the npm package us-atlas 3.0.1 (ISC), which makes it of the Census Bureau's cartographic boundaries
(public domain). Each border is kept once, simplified by Visvalingam and Whyatt (1993), in twentieths of a degree.
"""

import json
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

PER_DEGREE: Final = 20
AREA_MIN: Final = 6.0
"""Of the triangle of a kept point and its neighbours, in square twentieths of a degree."""
TARGET: Final = Path(__file__).parents[1] / "src/txn_api/page/us_states.js"
HEAD: Final = """\
// Borders of the US states, simplified: Census Bureau (public domain), us-atlas 3.0.1 (ISC), devkit/us_states.py.
// A path in twentieths of a degree, east and north.

"""

Point = tuple[float, float]


def arcs_of(topology: dict[str, Any]) -> Iterator[list[Point]]:
    """The borders in degrees (TopoJSON 1.0, 2.1.3: each point is told by its distance from the one before)."""
    (scale_x, scale_y), (shift_x, shift_y) = topology["transform"]["scale"], topology["transform"]["translate"]
    for arc in topology["arcs"]:
        x = y = 0
        points = []
        for dx, dy in arc:
            x, y = x + dx, y + dy
            points.append(((x * scale_x + shift_x) * PER_DEGREE, (y * scale_y + shift_y) * PER_DEGREE))
        yield points


def simplified(points: list[Point]) -> list[Point]:
    """A border without the points that matter least, one after the other."""
    points = list(points)
    while len(points) > 2:
        areas = [area(*points[at - 1 : at + 2]) for at in range(1, len(points) - 1)]
        least = min(areas)
        if least >= AREA_MIN:
            break
        del points[areas.index(least) + 1]
    return points


def area(a: Point, b: Point, c: Point) -> float:
    """The area of a triangle."""
    return abs((b[0] - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (b[1] - a[1])) / 2


def path(points: list[Point]) -> str:
    """A border as a part of an SVG path, of whole numbers; nothing where it is a point."""
    whole = [(round(x), round(y)) for x, y in points]
    steps = [(bx - ax, by - ay) for (ax, ay), (bx, by) in pairwise(whole) if (ax, ay) != (bx, by)]
    if not steps:
        return ""
    numbers = "".join(f"{'' if n < 0 else ' '}{n}" for step in steps for n in step)
    return f"M{whole[0][0]} {whole[0][1]}l{numbers.strip()}"


def main() -> None:
    """Write the module of the outlines."""
    topology = json.loads(Path(sys.argv[1]).read_text())
    borders = "".join(path(simplified(arc)) for arc in arcs_of(topology))
    TARGET.write_text(f'{HEAD}export const PER_DEGREE = {PER_DEGREE};\nexport const STATES = "{borders}";\n')


if __name__ == "__main__":
    main()
