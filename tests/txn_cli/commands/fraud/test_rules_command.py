"""`txn rules`, from a file to the registry."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fraud.registry.active_versions import Wanted, change_active
from fraud.rules.rule import Rules
from fraud.rules.rule_registry import RULES_PREFIX
from tests.fraud.rules.written import RULES_FILE, rules
from tests.support.memory_versions import MemoryVersions
from txn_cli.commands.fraud import rules_command
from txn_cli.main import run
from txn_cli.simulator.simulated_rows import simulate_rows, write_rows
from txn_core.aws.clients import Aws
from txn_core.exceptions import StoreError

SCORED = RULES_FILE.replace("large", "scored").replace("count_24h >= 0", "score >= 0")


@pytest.fixture(name="written")
def _written(tmp_path: Path) -> Path:
    """A file of rules, in a folder without a stack."""
    file = tmp_path / "rules.toml"
    file.write_text(RULES_FILE + SCORED)
    return file


@pytest.fixture(name="system")
def _system(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A local stack whose bucket is in memory."""
    bucket = MemoryVersions("lake")
    system = SimpleNamespace(is_local=True, where="a stack", settings=None, bucket=bucket)

    def at(_: object, work: Callable[[MemoryVersions], Awaitable[Any]]) -> Any:
        return asyncio.run(work(bucket))  # type: ignore[arg-type]

    monkeypatch.setattr(rules_command, "system_at", lambda *_, **__: system)
    monkeypatch.setattr(rules_command, "_at", at)
    return system


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    capsys.readouterr()
    assert run(["rules", *arguments, "--json"]) == 0, capsys.readouterr().err
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_rules_are_tried_on_a_file_with_and_without_a_score(
    written: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = tmp_path / "rows.csv"
    with rows.open("w", encoding="utf-8", newline="") as text:
        write_rows(simulate_rows(rows=1_500, cards=20, seed=3), text)
    asked = ("test", str(written), "--file", str(rows))
    found = said(capsys, *asked)
    assert found == said(capsys, *asked)
    large, scored = found["rules"]
    assert (found["rows"], scored["hits"]) == (1_500, 0)
    assert 0 < large["frauds"] < found["frauds"]
    assert large["precision"] == round(large["frauds"] / large["hits"], 6)
    with_scores = said(capsys, *asked, "--model", "shipped")["rules"]
    assert [each["hits"] for each in with_scores] == [large["hits"]] * 2
    assert with_scores[0]["hits_with"] == {"scored": large["hits"]}
    assert run(["rules", *asked]) == 0
    assert "of them frauds" in capsys.readouterr().out


def test_rules_become_active_by_somebody_who_owns_none_and_are_listed(
    system: SimpleNamespace, written: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["rules", "activate", str(written), "--by", "ann"]) == 1
    assert "ann owns large, scored: somebody else has to approve it" in capsys.readouterr().err
    for name, code in (("4" + "0" * 14 + "2", 2), ("ann and bob", 1)):
        assert run(["rules", "activate", str(written), "--by", name]) == code
        assert name not in capsys.readouterr().err
    assert said(capsys, "list")["active"] is None
    assert run(["rules", "activate", str(written), "--by", "bob"]) == 0
    found = said(capsys, "list")
    assert (found["active"], found["who"], [each["id"] for each in found["rules"]]) == (
        found["version"], "bob", ["large", "scored"],
    )  # fmt: skip
    written.write_text(RULES_FILE)
    assert run(["rules", "activate", str(written), "--by", "bob"]) == 0
    assert run(["rules", "activate", found["version"], "--by", "bob"]) == 0
    assert said(capsys, "list")["active"] == found["version"]
    assert run(["rules", "list"]) == 0
    assert "is active, asked for by bob" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("stored", "why"),
    [
        (rules("(" * 900 + "true" + ")" * 900), "rule r0: it is nested deeper than 32"),
        (rules("amount > 1"), "larger than 4,000,000 bytes"),
    ],
    ids=["no condition", "too large"],
)
def test_the_list_says_why_the_scorer_refuses_the_wanted_rules(
    stored: Rules, why: str, system: SimpleNamespace, capsys: pytest.CaptureFixture[str]
) -> None:
    """Somebody put them into the bucket; the list goes on, so that another version can be named."""

    async def put() -> None:
        body = stored.bytes if "larger" not in why else b" " * 4_000_001
        await system.bucket.put(f"{RULES_PREFIX}{stored.version}.json", body)
        wanted = Wanted(rules=stored.version)
        await change_active(system.bucket, lambda active: active.model_copy(update={"wanted": wanted}))

    asyncio.run(put())
    assert why in said(capsys, "list")["fault"]
    assert run(["rules", "list"]) == 0
    assert f"{stored.version} is wanted, and refused: " in capsys.readouterr().out


def test_on_aws_the_credentials_say_who_asks_and_two_have_to(
    system: SimpleNamespace, written: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    system.is_local = False
    callers = iter(["user/ann", "assumed-role/Fraud/ann", "assumed-role/Fraud/bob", None])

    async def caller(_: Aws) -> str:
        if (name := next(callers)) is None:
            raise StoreError("STS does not say whose credentials these are")
        return f"arn:aws:sts::000000000000:{name}"

    monkeypatch.setattr(Aws, "caller", caller)
    ask = ["rules", "activate", str(written), "--yes"]
    assert run([*ask, "--by", "bob"]) == 2
    for _ in range(2):
        assert run(ask) == 0
        assert said(capsys, "list")["proposal"]["who"] == "ann"
    assert run(ask) == 0
    found = said(capsys, "list")
    assert (found["who"], found["approver"], found["proposal"]) == ("ann", "bob", None)
    assert run(ask) == 1


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (RULES_FILE.replace("amount", "amuont", 1), "rule large: line 1, column 1: undeclared reference to 'amuont'"),
        (RULES_FILE.replace("ann", "4" + "0" * 14 + "2"), "rule 1 holds a card number"),
        ("[[rule", "not TOML"),
    ],
)
def test_rules_that_are_none_are_refused_in_one_line(
    text: str, why: str, written: Path, system: SimpleNamespace, capsys: pytest.CaptureFixture[str]
) -> None:
    written.write_text(text)
    for command in ("test", "activate"):
        assert run(["rules", command, str(written)]) == 1
        told = capsys.readouterr().err
        assert why in told
        assert told.count("\n") == 1
    assert run(["rules", "test", str(written.with_name("nowhere.toml"))]) == 1
    assert run(["rules", "test", str(written), "--file", "a", "--from", "2d"]) == 2
