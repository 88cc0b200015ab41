"""The views of a choice as JSON."""

from typing import Final

from insight.answers.rendering import RULE, data_document
from insight.explorer.cube import Cube
from insight.explorer.dimensions import DIMENSIONS, Choice
from insight.explorer.segments import MEANINGS
from insight.explorer.views import Views
from warehouse.sql.exports import json_text

TOO_FEW: Final = "Fewer than 5 customers are chosen: nothing is told of them."
MEASURES: Final = ("customers", "transactions", "net")


def views_json(cube: Cube, choice: Choice, views: Views) -> bytes:
    """What is seen of a choice. Months are written as they are chosen: `2026-03`."""
    return json_text(
        {
            "chosen": {name: _shown(name, value) for name, value in choice.values},
            "currency": views.currency,
            "data": data_document(cube.data),
            "dimensions": list(DIMENSIONS),
            "measures": list(MEASURES),
            "rule": RULE,
            "segments": MEANINGS,
            "too_few": TOO_FEW if views.total is None else None,
            "total": None if views.total is None else list(views.total),
            "views": {
                name: {
                    "cells": [[_shown(name, label), *values] for label, *values in view.cells],
                    "hidden": list(view.hidden),
                }
                for name, view in views.by_dimension.items()
            },
        }
    ).encode()


def _shown(dimension: str, label: str) -> str:
    return label[:7] if dimension == "month" else label
