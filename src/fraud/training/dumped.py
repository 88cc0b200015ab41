"""Trees as LightGBM dumps them, made into trees of our own."""

from collections.abc import Mapping
from typing import Any

from fraud.model.flat_tree import FlatTree, Missing, Stage
from fraud.model.model_errors import ModelError


def stage_of(dump: Mapping[str, Any]) -> Stage:
    """The trees of `Booster.dump_model()`.

    Raises:
        ModelError: a split that our trees do not have.
    """
    trees = [_tree(info["tree_structure"]) for info in dump["tree_info"]]
    return Stage(features=dump["max_feature_idx"] + 1, trees=trees)


def _tree(root: Mapping[str, Any]) -> FlatTree:
    splits: list[Mapping[str, Any]] = []
    leaves: list[Mapping[str, Any]] = []
    numbers: dict[int, int] = {}
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if "split_feature" in node:
            numbers[id(node)] = len(splits)
            splits.append(node)
            waiting += (node["right_child"], node["left_child"])
        else:
            numbers[id(node)] = ~len(leaves)
            leaves.append(node)
    return FlatTree(
        feature=[node["split_feature"] for node in splits],
        threshold=[float(node["threshold"]).hex() for node in splits],
        missing=[_missing(node) for node in splits],
        low=[numbers[id(node["left_child"])] for node in splits],
        high=[numbers[id(node["right_child"])] for node in splits],
        rows=[node["internal_count"] for node in splits],
        value=[float(node["leaf_value"]).hex() for node in leaves],
        leaf_rows=[node.get("leaf_count", 1) for node in leaves],
    )


def _missing(node: Mapping[str, Any]) -> Missing:
    """Where a missing value goes, by LightGBM's `NumericalDecision` (include/LightGBM/tree.h)."""
    if node["decision_type"] != "<=" or node["missing_type"] not in {"None", "NaN"}:
        raise ModelError(
            f"LightGBM made a split that is not numeric: {node['decision_type']}, {node['missing_type']}"
        )
    if node["missing_type"] == "None":
        return "zero"
    return "low" if node["default_left"] else "high"
