"""Nothing of a model is taken that was not signed, does not fit, or does not give its known answers."""

import hashlib
import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("lightgbm", reason="the extra `train`")

from fraud.model.loading import BYTES_MAX, MANIFEST, SIGNATURE, TREES, files_of, load_model
from fraud.model.manifest import Manifest
from fraud.model.model_errors import ModelError
from fraud.model.signature import public_key_of, signed
from tests.fraud.training.made_rows import KEY, trained

KEYS = (public_key_of(KEY),)
Edit = Callable[[dict[str, Any]], object]


def test_a_signed_model_is_loaded_by_any_of_the_trusted_keys() -> None:
    model = load_model(trained().files, (public_key_of(bytes(32)), b"no point of the curve", *KEYS))
    assert model.id == trained().model_id
    assert len(model.first) == len(model.trees.first.trees)


@pytest.mark.parametrize("name", [MANIFEST, SIGNATURE, TREES])
def test_a_changed_byte_anywhere_is_refused(name: str) -> None:
    files = dict(trained().files)
    for place in range(0, len(files[name]), max(1, len(files[name]) // 12)):
        changed = bytearray(files[name])
        changed[place] ^= 1
        with pytest.raises(ModelError):
            load_model({**files, name: bytes(changed)}, KEYS)


@pytest.mark.parametrize("name", [MANIFEST, SIGNATURE, TREES])
def test_a_model_without_one_of_its_files_is_refused(name: str) -> None:
    with pytest.raises(ModelError, match=name.replace(".", r"\.")):
        load_model({each: data for each, data in trained().files.items() if each != name}, KEYS)


def test_a_file_that_no_model_has_is_refused() -> None:
    with pytest.raises(ModelError, match="a file that none has"):
        load_model({**trained().files, "model.pkl": b""}, KEYS)


@pytest.mark.parametrize("name", [MANIFEST, SIGNATURE, TREES])
def test_a_file_that_is_too_large_is_refused_before_anything_of_it_is_read(name: str, tmp_path: Path) -> None:
    files = {**trained().files, name: bytes(BYTES_MAX[name] + 1)}
    with pytest.raises(ModelError, match=r"larger than|signature"):
        load_model(files, KEYS)
    for each, data in files.items():
        (tmp_path / each).write_bytes(data)
    with pytest.raises(ModelError, match="larger than"):
        files_of(tmp_path)


def test_another_key_and_no_key_are_refused() -> None:
    for keys in ((), (public_key_of(bytes(32)),)):
        with pytest.raises(ModelError, match="signed by no key that is trusted"):
            load_model(trained().files, keys)


def test_a_signature_of_anything_else_is_none_of_a_model() -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    bare = Ed25519PrivateKey.from_private_bytes(KEY).sign(trained().files[MANIFEST])
    with pytest.raises(ModelError, match="signed by no key"):
        load_model({**trained().files, SIGNATURE: bare}, KEYS)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(pickle.dumps({"trees": []}), id="pickle"),
        pytest.param(b"", id="empty"),
        pytest.param(b"{" * 200_000, id="deep"),
        pytest.param(b"[" * 200_000, id="deep list"),
        pytest.param(b"\xff\xfe{}", id="no text"),
        pytest.param(b"null", id="null"),
        pytest.param(b'{"format":1', id="cut off"),
    ],
)
@pytest.mark.parametrize("name", [MANIFEST, TREES])
def test_bytes_that_are_no_document_are_refused_even_if_they_are_signed(name: str, data: bytes) -> None:
    with pytest.raises(ModelError, match=r"is not what a model has") as caught:
        load_model(_signed_again(trees=data) if name == TREES else _signed(data), KEYS)
    assert "\n" not in str(caught.value)


TREE_EDITS: dict[str, Edit] = {
    "a circle": lambda tree: tree["low"].__setitem__(1, 0),
    "its own child": lambda tree: tree["low"].__setitem__(0, 0),
    "a child that is not there": lambda tree: tree["high"].__setitem__(0, 99),
    "a leaf that is not there": lambda tree: tree["low"].__setitem__(0, -99),
    "two parents": lambda tree: tree["low"].__setitem__(0, tree["high"][0]),
    "a feature out of range": lambda tree: tree["feature"].__setitem__(0, 200),
    "a feature below zero": lambda tree: tree["feature"].__setitem__(0, -1),
    "a feature that is a text": lambda tree: tree["feature"].__setitem__(0, "0"),
    "a feature that is a float": lambda tree: tree["feature"].__setitem__(0, 0.5),
    "a threshold that is NaN": lambda tree: tree["threshold"].__setitem__(0, "nan"),
    "a threshold that is infinite": lambda tree: tree["threshold"].__setitem__(0, "inf"),
    "a threshold beyond floats": lambda tree: tree["threshold"].__setitem__(0, "0x1.0p+9999"),
    "a threshold that is a number": lambda tree: tree["threshold"].__setitem__(0, 0.5),
    "a leaf that is NaN": lambda tree: tree["value"].__setitem__(0, "nan"),
    "a leaf out of range": lambda tree: tree["value"].__setitem__(0, (1e6).hex()),
    "a count of zero": lambda tree: tree["leaf_rows"].__setitem__(0, 0),
    "a count below zero": lambda tree: tree["rows"].__setitem__(0, -5),
    "counts that do not add up": lambda tree: tree["rows"].__setitem__(0, tree["rows"][0] + 1),
    "a list that is too short": lambda tree: tree["threshold"].pop(),
    "no leaf": lambda tree: tree.update({name: [] for name in tree}),
    "too many leaves": lambda tree: tree["value"].extend(["0x1.0p+0"] * 20),
    "a field of another kind": lambda tree: tree.update(code="import os"),
    "a field that is missing": lambda tree: tree.pop("missing"),
    "a missing value that goes nowhere": lambda tree: tree["missing"].__setitem__(0, "left"),
}


@pytest.mark.parametrize("edit", TREE_EDITS.values(), ids=TREE_EDITS.keys())
@pytest.mark.parametrize("stage", ["first", "second"])
def test_trees_that_are_none_are_refused_even_if_they_are_signed(stage: str, edit: Edit) -> None:
    document = json.loads(trained().files[TREES])
    edit(next(tree for tree in document[stage]["trees"] if len(tree["feature"]) > 3))
    with pytest.raises(ModelError, match=r"trees\.json is not what a model has") as caught:
        load_model(_signed_again(trees=json.dumps(document).encode()), KEYS)
    assert "import" not in str(caught.value)


@pytest.mark.parametrize("count", [0, 201])
def test_no_trees_and_too_many_are_refused(count: int) -> None:
    document = json.loads(trained().files[TREES])
    document["second"]["trees"] = document["second"]["trees"][:1] * count
    with pytest.raises(ModelError, match=r"trees\.json is not what a model has"):
        load_model(_signed_again(trees=json.dumps(document).encode()), KEYS)


MANIFEST_EDITS: dict[str, tuple[Edit, str]] = {
    "another feature set": (lambda it: it.update(feature_set=it["feature_set"] + 1), "another feature set"),
    "another digest of features": (lambda it: it.update(feature_digest="0" * 64), "another feature set"),
    "another id": (lambda it: it.update(id="mdl_" + "1" * 32), "id is not made of"),
    "an id that is a path": (lambda it: it.update(id="../../x"), "is not what a model has"),
    "a measure that is NaN": (
        lambda it: it["metrics"][0]["average_precision"].update(value=float("nan")),
        "is not what a model has",
    ),
    "a calibration that falls": (lambda it: it["cuts"].reverse(), "is not what a model has"),
    "a calibration that is too short": (lambda it: it["cuts"].pop(), "is not what a model has"),
    "review above alert": (lambda it: it["thresholds"].update(review=10**6), "is not what a model has"),
    "an infinite bound": (lambda it: it["drift"][0].update(bounds=[float("inf")]), "is not what a model has"),
    "bins that do not fit": (lambda it: it["drift"][0]["counts"].append(1), "is not what a model has"),
    "too few known answers": (lambda it: it["known_answers"].pop(), "is not what a model has"),
    "a short known answer": (lambda it: it["known_answers"][0]["values"].pop(), "is not what a model has"),
    "a known answer beyond floats": (
        lambda it: it["known_answers"][0]["values"].__setitem__(0, "0x1.0p+9999"),
        "is not what a model has",
    ),
    "an unknown field": (lambda it: it.update(hook="x"), "is not what a model has"),
}


@pytest.mark.parametrize(("edit", "why"), MANIFEST_EDITS.values(), ids=MANIFEST_EDITS.keys())
def test_manifests_that_do_not_fit_are_refused_even_if_they_are_signed(edit: Edit, why: str) -> None:
    document = json.loads(trained().files[MANIFEST])
    edit(document)
    with pytest.raises(ModelError, match=why) as caught:
        load_model(_signed(_identified(document) if "id is" not in why else json.dumps(document).encode()), KEYS)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("stage", ["first", "second"])
def test_a_known_answer_that_is_one_bit_off_is_refused(stage: str) -> None:
    document = json.loads(trained().files[MANIFEST])
    answer = document["known_answers"][7]
    value = float.fromhex(answer[stage])
    answer[stage] = (value + abs(value) * 2.0**-52).hex()
    with pytest.raises(ModelError, match="does not give its known answers"):
        load_model(_signed(_identified(document)), KEYS)


def test_trees_over_other_features_are_refused() -> None:
    trees, document = json.loads(trained().files[TREES]), json.loads(trained().files[MANIFEST])
    trees["first"]["features"] -= 1
    data = json.dumps(trees).encode()
    document["trees"] = hashlib.sha256(data).hexdigest()
    with pytest.raises(ModelError, match=r"another number of features|not what a model has"):
        load_model({**_signed(_identified(document)), TREES: data}, KEYS)


def _identified(document: dict[str, Any]) -> bytes:
    """The manifest under the id that is made of it, where it is a manifest at all."""
    try:
        return Manifest.model_validate_json(json.dumps(document)).identified().model_dump_json().encode()
    except ValueError:
        return json.dumps(document).encode()


def _signed(manifest: bytes) -> dict[str, bytes]:
    return {**trained().files, MANIFEST: manifest, SIGNATURE: signed(manifest, KEY)}


def _signed_again(*, trees: bytes) -> dict[str, bytes]:
    """Other trees, which the manifest names and whose manifest is signed."""
    document = json.loads(trained().files[MANIFEST])
    document["trees"] = hashlib.sha256(trees).hexdigest()
    return {**_signed(_identified(document)), TREES: trees}


def test_a_path_that_is_no_folder_is_told_from_a_folder_that_lacks_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    for name in ("missing", "file"):
        with pytest.raises(ModelError, match="is no folder: name one that `txn train` has written"):
            files_of(tmp_path / name)
