"""A model that an option names: a folder of `txn train`, or the one that is shipped."""

from pathlib import Path

from fraud.model.loading import files_of, load_model
from fraud.model.model import Model
from fraud.model.shipped import shipped_files
from txn_cli.fraud.model_keys import signing_keys


def named_model(name: str, data_dir: Path | None) -> Model:
    """The model, signed by a key that this machine trusts.

    Raises:
        ModelError: it is not there, or a check fails.
    """
    return load_model(shipped_files() if name == "shipped" else files_of(Path(name)), signing_keys(data_dir))
