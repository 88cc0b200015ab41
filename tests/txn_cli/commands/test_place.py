"""What destroys something elsewhere asks first."""

from collections.abc import Callable

import pytest
import typer

from txn_cli.commands.place import agree
from txn_cli.system import System
from txn_core.exceptions import StoreError
from txn_core.settings import Settings

ON_AWS = System(Settings(), "AWS, region eu-central-1", is_local=False)
HERE = System(Settings(), "local stack in .txn", is_local=True)


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Callable[[bool | None], list[str]]:
    """Sets what a person answers, None being nobody; gives what was asked."""

    def set_to(answer: bool | None) -> list[str]:  # noqa: FBT001 - an answer is one
        asked: list[str] = []

        def confirm(text: str, *, err: bool) -> bool:
            assert err, "standard output is for results"
            asked.append(text)
            if answer is None:
                raise typer.Abort
            return answer

        monkeypatch.setattr(typer, "confirm", confirm)
        return asked

    return set_to


def test_it_is_asked_with_the_name_of_the_system(answers: Callable[[bool | None], list[str]]) -> None:
    asked = answers(True)
    agree("Delete it?", ON_AWS, yes=False)
    assert asked == ["Delete it? (AWS, region eu-central-1)"]


@pytest.mark.parametrize("answer", [False, None])
def test_without_a_yes_nothing_is_done(answers: Callable[[bool | None], list[str]], answer: bool | None) -> None:  # noqa: FBT001 - see above
    answers(answer)
    with pytest.raises(StoreError, match="nothing was done: confirm it, or say --yes"):
        agree("Delete it?", ON_AWS, yes=False)


def test_here_or_beforehand_nobody_is_asked(answers: Callable[[bool | None], list[str]]) -> None:
    asked = answers(False)
    agree("Delete it?", HERE, yes=False)
    agree("Delete it?", ON_AWS, yes=True)
    assert asked == []
