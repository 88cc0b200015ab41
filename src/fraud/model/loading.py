"""From the files of a model to a model, or to the first check that fails.

The files come from a folder or a bucket that others may write to. So sizes are looked at before anything is read, the
signature before anything is parsed, the digest before the trees are, and the known answers before anything is scored.
"""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, TypeVar

from pydantic import ValidationError

from fraud.features import catalogue
from fraud.features.stage_two import STAGE2
from fraud.model.flat_tree import FlatTree, Part, Stage, TreesFile
from fraud.model.manifest import DriftBins, Interval, KnownAnswer, Manifest, Metrics, Thresholds, Training
from fraud.model.model import Model
from fraud.model.model_errors import ModelError
from fraud.model.signature import SIGNATURE_BYTES, check_signature

MANIFEST: Final = "manifest.json"
SIGNATURE: Final = "manifest.sig"
TREES: Final = "trees.json"
BYTES_MAX: Final = {MANIFEST: 1 << 20, SIGNATURE: SIGNATURE_BYTES, TREES: 4 << 20}
"""The files of a model and how large each may be."""

_NAMES: Final = frozenset(
    name
    for kind in (
        Manifest,
        Training,
        Metrics,
        Interval,
        Thresholds,
        DriftBins,
        KnownAnswer,
        TreesFile,
        Stage,
        FlatTree,
    )
    for name in kind.model_fields
)
P = TypeVar("P", bound=Part)


def load_model(files: Mapping[str, bytes], keys: Iterable[bytes]) -> Model:
    """The model of these files, when a trusted public key has signed it and every check passes.

    Raises:
        ModelError: says in one line which check failed.
    """
    check_sizes({name: len(data) for name, data in files.items()})
    check_signature(files[MANIFEST], files[SIGNATURE], keys)
    return checked_model(files[MANIFEST], files[TREES])


def checked_model(manifest_bytes: bytes, trees_bytes: bytes) -> Model:
    """The model of a manifest whose origin is known, when every other check passes.

    Raises:
        ModelError: says in one line which check failed.
    """
    manifest = _parsed(Manifest, manifest_bytes, MANIFEST)
    if manifest.id != manifest.derived_id():
        raise ModelError("the model's id is not made of its manifest")
    if hashlib.sha256(trees_bytes).hexdigest() != manifest.trees:
        raise ModelError(f"{TREES} is not the file that the manifest names")
    if (manifest.feature_set, manifest.feature_digest) != (catalogue.FEATURE_SET, catalogue.feature_set_digest()):
        raise ModelError(
            f"the model reads another feature set than {catalogue.FEATURE_SET} as it is here: train again"
        )
    trees = _parsed(TreesFile, trees_bytes, TREES)
    width = len(catalogue.FEATURES), len(STAGE2)
    if (manifest.features, manifest.further) != width or (trees.first.features, trees.second.features) != (
        width[0],
        sum(width),
    ):
        raise ModelError("the model reads another number of features")
    model = Model.of(manifest, trees)
    _check_answers(model)
    return model


def check_sizes(sizes: Mapping[str, int]) -> None:
    """Return when the three files of a model are there and none is too large.

    Raises:
        ModelError: one is missing, too large, or not one of a model's.
    """
    for name in sizes:
        if name not in BYTES_MAX:
            raise ModelError("the model has a file that none has")
    for name, largest in BYTES_MAX.items():
        if name not in sizes:
            raise ModelError(
                f"the model is not signed: {name} is missing" if name == SIGNATURE else f"the model lacks {name}"
            )
        if sizes[name] > largest:
            raise ModelError(f"{name} is larger than {largest:,} bytes")


def files_of(folder: Path, *, unsigned: bool = False) -> dict[str, bytes]:
    """The files of a model in a folder, none read beyond its bound; if `unsigned`, it may lack its signature.

    Raises:
        ModelError: one is missing, too large or cannot be read.
    """
    if not folder.is_dir():
        raise ModelError(f"{folder} is no folder: name one that `txn train` has written")
    try:
        found = {name: folder / name for name in BYTES_MAX if (folder / name).is_file()}
        sizes = {name: path.stat().st_size for name, path in found.items()}
        check_sizes({SIGNATURE: 0, **sizes} if unsigned else sizes)
        return {name: path.read_bytes() for name, path in found.items()}
    except OSError as error:
        raise ModelError(f"cannot read the model: {error.strerror}") from None


def _parsed(kind: type[P], data: bytes, name: str) -> P:
    try:
        return kind.model_validate_json(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        # The names come from the file: only those that a model has are repeated.
        where = "/".join(str(step) for step in first["loc"] if isinstance(step, int) or step in _NAMES)
        raise ModelError(f"{name} is not what a model has: {first['type']} at /{where}") from None


def _check_answers(model: Model) -> None:
    for answer in model.manifest.known_answers:
        values = [None if value is None else float.fromhex(value) for value in answer.values]
        given = (
            model.first_log_odds(values[: model.manifest.features]),
            model.second_log_odds(values),
        )
        if [each.hex() for each in given] != [answer.first, answer.second]:
            raise ModelError("the model does not give its known answers on this machine")
