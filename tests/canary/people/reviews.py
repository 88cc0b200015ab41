"""What reviewers do: every action on cases, with a number where a person would write one."""

from typing import Any, Final

from devkit.running_stack import RunningStack

from fraud.review.alert_desk import AlertDesk
from tests.canary.dialogues import Send
from tests.canary.probes import Probe, Prober, json_of
from tests.fraud.builders import alert_of
from txn_cli.stack.attachment import attach
from txn_cli.stack.datadir import DataDir
from txn_core.api_keys import ApiKeyTable, mint
from txn_core.aws.clients import Aws
from txn_core.dynamodb.review.alerts import AlertTable
from txn_core.dynamodb.review.cases import CaseTable
from txn_core.dynamodb.review.scores import ScoreItem, ScoreTable
from txn_core.dynamodb.tables import TableNames
from txn_core.transactions.identity import Account, KeyRing
from txn_core.transactions.instants import now

ACCOUNT: Final = Account("default")  # of the local stack's own key
LABEL: Final = {"transaction_id": "canary-labelled", "value": "fraud"}


async def review(stack: RunningStack, prober: Prober, send: Send) -> None:
    """Raise alerts as the scorer does, and send each action: sound, of an old version, and with a number in it."""
    first, second, colleague = await _raised(stack)
    path = f"/cases/{first}"
    await send(Probe("the next case", prober.http("POST", "/cases/next")))
    for name, body in (
        ("claim", None),
        ("assign", {"assignee": f"key_{'0' * 16}"}),
        ("assign", {"assignee": None}),
        ("note", {"text": "no answer"}),
        ("snooze", {"minutes": 5}),
        ("claim", None),
        ("release", None),
        ("close", {"resolution": "fraud", "reason": "not hers"}),
        ("claim", None),
        ("reopen", {"reason": "she called"}),
        ("close", {"resolution": "legitimate", "reason": "hers"}),
    ):
        for tag in ("", '"v1"', "*"):
            await send(Probe(f"{name} of {tag}", _action(prober, path, name, body, tag)))
    await send(Probe("the next case", prober.http("POST", "/cases/next")))
    await send(Probe("the next case, of none", prober.http("POST", "/cases/next")))
    held = _action(prober, f"/cases/{second}", "claim", None, "*", Authorization=f"Bearer {colleague}")
    await send(Probe("a case of another reviewer", held))
    for name, field in (("note", "text"), ("close", "reason"), ("reopen", "reason")):
        number = prober.marks.new(f"{name} with a number")
        for text in (number, f"it is {number[:4]} {number[4:8]} {number[8:12]} {number[12:]}"):
            body = {field: text} | ({"resolution": "fraud"} if name == "close" else {})
            await send(Probe(f"{name} with a number", _action(prober, path, name, body, "*")))
    labels = [
        LABEL,
        LABEL | {"reason": prober.marks.new("a label's reason")},
        LABEL | {prober.marks.new("a name"): 1},
    ]
    for label in labels:
        await send(Probe("label", prober.http("POST", "/labels", json_of(label))))
    lines = b"\n".join(map(json_of, labels))
    headers = {"Content-Type": "application/x-ndjson"}
    await send(Probe("labels in bulk", prober.http("POST", "/labels/bulk", lines, headers)))
    for target in (
        path,
        f"{path}/similar",
        f"/cases/{second}",
        "/cases?assignee=me",
        "/cases/events",
        "/labels/canary-labelled",
        "/alerts",
        "/cases",
        "/alerts?status=open",
        "/alerts/quality",
    ):
        await send(Probe(f"GET {target}", prober.http("GET", target)))


async def _raised(stack: RunningStack) -> tuple[str, str, str]:
    """Two cases of one alert each, a score, and the key of a second reviewer."""
    settings = attach(DataDir.at(stack.data_dir))
    assert settings is not None
    names, keys = TableNames.of(settings), KeyRing.from_settings(settings)
    kept, colleague = mint(account=ACCOUNT, scopes=["cases:write"], name="canary")
    async with Aws(settings).dynamodb() as client:
        await ApiKeyTable(client, names.api_keys).put(kept)
        desk = AlertDesk(AlertTable(client, names.alerts), CaseTable(client, names.cases), keys)
        alerts = [
            (
                await desk.raise_alert(
                    alert_of(number, account=ACCOUNT, card_id=f"card_1_{number:032x}", score=score, alerted_at=now())
                )
            ).alert
            for number, score in ((1, 990), (2, 900))
        ]
        scores = [
            ScoreItem(ACCOUNT, alert.transaction_id, alert.card_id, "0" * 12, alert.score, "alert", alert.model)
            for alert in alerts
        ]
        await ScoreTable(client, names.scores).put_all(scores)
    return str(alerts[0].case_id), str(alerts[1].case_id), colleague


def _action(prober: Prober, path: str, name: str, body: Any, tag: str, **headers: str) -> bytes:
    """An action by a client that sends a number about itself: answers to requests without one show nothing."""
    content = b"" if body is None else json_of(body)
    client = {"User-Agent": f"desk {prober.marks.new(f'the client of {name}')}"}
    condition = {"If-Match": tag} if tag else {}
    return prober.http("POST", f"{path}/{name}", content, {**client, **condition, **headers})
