"""What docs/deploy.md says of the templates."""

from pathlib import Path

import pytest
from deploy.settings_table import ELSEWHERE, sources, updated

from tests.deploy.templates import STACKS, template
from txn_core.settings import Settings

PAGE = Path(__file__).parents[2] / "docs" / "deploy.md"


def test_the_table_of_settings_is_up_to_date() -> None:
    """It says of every setting where a deployed process has it from."""
    page = PAGE.read_text()
    assert updated(page) == page, "run `make templates`"


def test_reasons_are_about_settings_that_no_template_sets() -> None:
    """A reason for a setting that is gone, or that is set by now, has to go."""
    assert set(ELSEWHERE) <= set(Settings.model_fields)
    assert not {f"TXN_{name.upper()}" for name in ELSEWHERE} & set(sources())


@pytest.mark.parametrize("stack", STACKS)
def test_every_parameter_is_explained(stack: str) -> None:
    """Each parameter of a template stands in the page's tables."""
    page = PAGE.read_text()
    for name in template(stack)["Parameters"]:
        known = name.removesuffix("Min").removesuffix("Max")
        assert f"`{name}`" in page or f"`{known}`" in page or f"`{known}Min`" in page, name
