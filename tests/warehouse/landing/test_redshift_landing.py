"""Loads into Redshift that lose their session, or meet another transaction, bring each commit in once."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from devkit.redshift_door.local_redshift import LocalRedshift
from devkit.redshift_door.plain_client import MemoryBucket, PlainSession

from tests.warehouse.landing.commits import adverse_commits, batch_of, expected_ledger, expected_rows, sorted_rows
from tests.warehouse.landing.landings import LEDGER, POSITIONS, OnRedshift, ledger_of
from txn_core.exceptions import WarehouseBusyError
from warehouse.landing import redshift_landing
from warehouse.landing.redshift_landing import RedshiftLanding
from warehouse.landing.redshift_session import (
    ChildSession,
    RedshiftAddress,
    RedshiftError,
    RedshiftSession,
    Row,
    SessionLostError,
    Value,
    typed,
)

IN_THE_WAY = RedshiftError("1023", "Serializable isolation violation on table - 100", "XX000")


@dataclass
class Faults:
    """Sessions of which one statement goes wrong, counted from where `at` was set, in the order of all sessions."""

    url: str
    at: int = -1
    carried_out: bool = False
    error: RedshiftError = IN_THE_WAY
    met: list[str] = field(default_factory=list)

    @contextmanager
    def session(self) -> Iterator[RedshiftSession]:
        with PlainSession.open(self.url) as session:
            yield _Faulty(session, self)

    def fires(self) -> bool:
        self.at -= 1
        return self.at == -1


@dataclass
class _Faulty:
    inner: PlainSession
    faults: Faults
    over: bool = False

    def execute(self, sql: str, *parameters: Value) -> Sequence[Row]:
        if self.over:
            raise SessionLostError("over")
        if not self.faults.fires():
            return self.inner.execute(sql, *parameters)
        self.faults.met.append(sql)
        if self.faults.carried_out:
            self.inner.execute(sql, *parameters)
        self.over = isinstance(self.faults.error, SessionLostError)
        raise self.faults.error


@pytest.fixture
def faults(redshift: LocalRedshift, monkeypatch: pytest.MonkeyPatch) -> Faults:
    monkeypatch.setattr(redshift_landing, "PAUSE_S", 0.0)
    return Faults(redshift.url(redshift.new_database()))


@pytest.fixture
def landing(faults: Faults, lake_bucket: MemoryBucket) -> RedshiftLanding:
    return RedshiftLanding(faults.session, lake_bucket, copy_role="default").open()


def test_a_fault_at_any_statement_loads_each_commit_once_and_is_counted_once(
    faults: Faults, landing: RedshiftLanding, lake_bucket: MemoryBucket
) -> None:
    """Each load meets a fault at its next statement: the session is lost before it or behind it, or error 1023."""
    kinds = [(SessionLostError("lost"), True), (SessionLostError("lost"), False), (IN_THE_WAY, False)]
    before = dict(lake_bucket.bodies)
    for number, commit in enumerate(adverse_commits()):
        faults.at = number
        faults.error, faults.carried_out = kinds[number % len(kinds)]
        loaded = landing.load(batch_of([commit]))
        assert (loaded.objects, loaded.rows) == ((commit.append.name,), commit.append.rows)
    assert len(faults.met) == len(adverse_commits())
    assert lake_bucket.bodies == before  # manifests and rewritten files are gone
    place = OnRedshift(faults.url, lake_bucket)
    assert sorted_rows(row[:-1] for row in place.rows(POSITIONS)) == expected_rows(adverse_commits())
    assert ledger_of(place.rows(LEDGER)) == expected_ledger(adverse_commits())


@pytest.mark.parametrize("how", ["carried out", "never came"])
def test_a_commit_whose_answer_is_lost_is_settled_by_the_ledger(
    faults: Faults, landing: RedshiftLanding, how: str
) -> None:
    first = adverse_commits()[0]
    statements = _statements_of_a_load(faults, landing)
    faults.at, faults.error, faults.carried_out = (
        statements.index("commit"),
        SessionLostError("lost"),
        how != "never came",
    )
    assert landing.load(batch_of([first])).objects == (first.append.name,)
    assert faults.met == ["commit"]


def _statements_of_a_load(faults: Faults, landing: RedshiftLanding) -> list[str]:
    """The statements of a load, seen at one that is refused at its end and so changes nothing."""
    seen: list[str] = []
    original = PlainSession.execute

    def noting(session: PlainSession, sql: str, *parameters: Value) -> Sequence[Row]:
        seen.append(sql)
        if sql == "commit":
            raise RedshiftError("refused")
        return original(session, sql, *parameters)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PlainSession, "execute", noting)
        with pytest.raises(RedshiftError, match="refused"):
            landing.load(batch_of(adverse_commits()[:1]))
    return [sql for sql in seen if sql != "rollback"]


def test_another_error_is_not_tried_again(faults: Faults, landing: RedshiftLanding) -> None:
    faults.at, faults.error = 1, RedshiftError("permission denied", code="42501")
    with pytest.raises(RedshiftError, match="permission denied"):
        landing.load(batch_of(adverse_commits()[:1]))
    assert landing.loaded() == {}


def test_a_load_waits_for_another_one_no_longer_than_it_may(
    faults: Faults, landing: RedshiftLanding, lake_bucket: MemoryBucket
) -> None:
    impatient = RedshiftLanding(faults.session, lake_bucket, copy_role="default", wait_s=0.2)
    with PlainSession.open(faults.url) as other:
        other.execute("begin")
        other.execute("lock landing.objects")
        with pytest.raises(WarehouseBusyError, match="another run"):
            impatient.load(batch_of(adverse_commits()[:1]))
        other.execute("rollback")
    assert impatient.load(batch_of(adverse_commits()[:1])).rows == adverse_commits()[0].append.rows


def test_no_driver_is_said_in_words() -> None:
    with pytest.raises(RedshiftError, match="no Python at"), RedshiftAddress(Path("nowhere/python"), {}).session():
        pass


def test_a_driver_that_ends_is_a_lost_session(tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\nexit 3\n")
    python.chmod(0o755)
    with pytest.raises(SessionLostError), RedshiftAddress(python, {"password": "secret"}).session():
        pass


def test_the_drivers_process_is_told_over_its_pipe(tmp_path: Path) -> None:
    """A stand-in for the Python with the driver: it answers each line by the line itself, and shows its arguments."""
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\necho "$@" > "$0.arguments"\nwhile read -r line; do echo "$ANSWER"; done\n')
    python.chmod(0o755)
    answer = '{"columns": ["a"], "rows": [[{"decimal": "1.50"}], [null]]}'
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ANSWER", answer)
        with RedshiftAddress(python, {"password": "a-secret"}).session() as session:
            assert isinstance(session, ChildSession)
            assert session.table("select a") == (["a"], [(typed({"decimal": "1.50"}),), (None,)])
    assert "a-secret" not in Path(f"{python}.arguments").read_text()
