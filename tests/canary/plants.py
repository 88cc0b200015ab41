"""Numbers that the suite plants itself, one in each kind of place, and what its search does not see of them.

A search that finds nothing proves something only if it would have found it: so each run, after its search, plants
numbers in the very places that it has searched, in the dress that things have there, and searches again.
"""

import gzip
import io
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq
from backports import zstd
from devkit.user_records import UserRecord

from fraud.history.card_history import CardHistory
from fraud.records.score_row import ScoreRow
from fraud.rules.rule_registry import RULES_PREFIX
from fraud.scoring.score_log import table_of
from tests.canary.marks import Marks
from tests.canary.odd_places import ENCODINGS
from tests.canary.scene import Scene, search_scene
from tests.canary.stores import search_cores
from tests.fraud.observed import observation
from tests.fraud.rules.written import rule
from tests.support.card_search import CardSearch, search_files
from txn_core import drains
from txn_core.aws.clients import Aws
from txn_core.dynamodb.tables import TableNames, definitions
from txn_core.kinesis.aggregation import aggregate
from txn_core.lake.layout import DEAD_LETTER_PREFIX, SCORES_PREFIX
from txn_core.lake.parquet import parquet_of
from txn_core.positions import Position, SequenceNumber, ShardId
from txn_core.transactions.identity import Account, CardId, TransactionId
from txn_core.transactions.instants import Instant
from workers.events.dead_letters import DeadLetter, Origin, Seal

NAME: Final = "planted"
CORE: Final = b"\x7fELF"
_AT: Final = Instant("2026-01-01T00:00:00.000000Z")


@dataclass
class Plants:
    """Mints a number for each place, and keeps where the search must find it, as it names places."""

    marks: Marks
    expected: Counter[str] = field(default_factory=Counter)

    def new(self, kind: str, place: str = NAME) -> str:
        """A number for a place whose name is known before."""
        self.expected[f"{kind} {place}"] += 1
        return self.marks.new(f"planted: {kind}")

    def plain(self) -> str:
        """A number for a place that is named only once it stands there."""
        return self.marks.new("planted")


async def unseen(scene: Scene, temporary: Path, marks: Marks) -> list[str]:
    """Plant, search, and give the places where a planted number was not found."""
    plants = Plants(marks)
    with _planted_here(scene, temporary, plants) as planted, _planted_process(plants) as pid:
        await _plant_stream(scene, plants)
        await _plant_tables(scene, plants)
        await _plant_objects(scene, plants)
        search = CardSearch(marks.numbers)
        await search_scene(search, replace(planted, pids={NAME: pid}))
        search_files(search, temporary, kind="file of temporaries")
        cores = search_cores(search, temporary)
    missing = list((plants.expected - Counter(search.found)).elements())
    return missing if cores else [*missing, "place for core dumps"]


@contextmanager
def _planted_here(scene: Scene, temporary: Path, plants: Plants) -> Iterator[Scene]:
    """Answers, metrics and the output of commands as they came; logs and files, which are gone again afterwards."""
    files = {
        scene.data_dir / "logs" / f"{NAME}.log": _log_lines(plants),
        scene.data_dir / NAME: plants.new("file").encode(),
        scene.data_dir / f"{NAME}.gz": gzip.compress(plants.new("file", f"{NAME}.gz").encode()),
        temporary / NAME: plants.new("file of temporaries").encode(),
        temporary / f"core.{NAME}": CORE,
        temporary / f"{NAME}.metrics": f'cards{{card="{plants.new("metric")}"}} 1\n'.encode(),
    }
    for file, content in files.items():
        file.write_bytes(content)
    head = f"X-Card: {plants.new('answer head')}\r\n"
    traced = f"00-{plants.new('trace', 'traced'):0>32}-b7ad6b7169203331-00"
    answers = {
        NAME: f"HTTP/1.1 200 OK\r\n{head}\r\n{plants.new('answer body')}".encode(),
        "traced": f"HTTP/1.1 200 OK\r\ntraceresponse: {traced}\r\n\r\n".encode(),
    }
    output = [plants.new("output of commands", "0").encode()]
    urls = {NAME: (temporary / f"{NAME}.metrics").as_uri()}
    try:
        yield replace(scene, answers=answers, output=output, metrics=urls)
    finally:
        for file in files:
            file.unlink()


def _log_lines(plants: Plants) -> bytes:
    place = f"{NAME}.log"
    lines = [encoded(plants.new("log line", place)) for encoded in ENCODINGS.values()]
    traced = {"event": "request", "trace_id": f"{plants.new('log line', place):0>32}"}
    plants.expected[f"trace {place}"] += 1
    return "\n".join([*lines, json.dumps(traced)]).encode()


@contextmanager
def _planted_process(plants: Plants) -> Iterator[int]:
    kind = "command line and environment"
    command = [sys.executable, "-c", "input()", plants.new(kind, f"{NAME} cmdline")]
    environment = os.environ | {"CARD": plants.new(kind, f"{NAME} environ")}
    with subprocess.Popen(command, env=environment, stdin=subprocess.PIPE) as process:
        try:
            yield process.pid
        finally:
            process.terminate()


async def _plant_stream(scene: Scene, plants: Plants) -> None:
    """On each stream a record alone, one in an aggregate as others read it, one packed, and a partition key."""

    def event() -> bytes:
        return json.dumps({"note": plants.plain()}).encode()

    pair = [UserRecord("key", b"{}"), UserRecord("key", event())]
    async with Aws(scene.settings).kinesis() as kinesis:
        for stream in (scene.settings.stream, scene.settings.alerts_stream):
            for data, key in ((event(), "key"), (aggregate(pair, "0"), "key"), (gzip.compress(event()), "key")):
                put = await kinesis.put_record(StreamName=stream, Data=data, PartitionKey=key)
                plants.expected[f"stream payload {put['SequenceNumber']}"] += 1
            put = await kinesis.put_record(StreamName=stream, Data=b"{}", PartitionKey=plants.plain())
            plants.expected[f"partition key {put['SequenceNumber']}"] += 1


async def _plant_tables(scene: Scene, plants: Plants) -> None:
    """An item of every table, in each of the dresses that a value may have there; rows of leases stay whole."""
    names = TableNames.of(scene.settings)
    leases = frozenset(map(names.leases, drains.names()))
    async with Aws(scene.settings).dynamodb() as client:
        for table in definitions(names):
            name = table["TableName"]
            keys = [each["AttributeName"] for each in table["KeySchema"]]
            if name in leases:
                row: Any = (await client.scan(TableName=name))["Items"][0]
                number: Any = {"S": plants.new("table item", name)}
                await client.update_item(
                    TableName=name,
                    Key={key: row[key] for key in keys},
                    UpdateExpression="SET planted = :number",
                    ExpressionAttributeValues={":number": number},
                )
                continue
            for at, value in enumerate(_values(plants, name)):
                item: Any = {key: {"S": f"{NAME}{at}"} for key in keys}
                await client.put_item(TableName=name, Item=item | {"value": value})


def _values(plants: Plants, table: str) -> Iterator[Any]:
    yield from ({"S": encoded(plants.new("table item", table))} for encoded in ENCODINGS.values())
    yield {"N": plants.new("table item", table)}
    yield {"M": {"card": {"L": [{"S": plants.new("table item", table)}]}}}
    yield {"M": {plants.new("table item", table): {"BOOL": True}}}
    yield {"B": plants.new("table item", table).encode()}
    yield {"B": gzip.compress(plants.new("table item", table).encode())}
    yield {"B": zstd.compress(plants.new("table item", table).encode())}
    yield {"B": history(amount=int(plants.new("table item", table)))}
    yield {"B": history(model=plants.new("table item", table))}


def history(amount: int = 0, model: str = "mdl_planted") -> bytes:
    """The packed history of a card with one purchase."""
    made = CardHistory.empty()
    made.with_(observation(), {model: 0})
    made.amounts[0] = amount  # a purchase of as much would be cut down
    return made.pack()


async def _plant_objects(scene: Scene, plants: Plants) -> None:
    folder = f"{NAME}/"
    objects = {
        f"{folder}plain.json": plants.new("object", f"{folder}plain.json").encode(),
        f"{folder}packed.json.gz": gzip.compress(plants.new("object", f"{folder}packed.json.gz").encode()),
        f"{folder}packed.json.zst": zstd.compress(plants.new("object", f"{folder}packed.json.zst").encode()),
        **_letter(Seal.of(scene.settings), plants),
        **_parquet(plants, f"{folder}rows.parquet"),
        **score_log(plants, f"{SCORES_PREFIX}{NAME}.parquet"),
        **_registry(plants),
    }
    named = f"{folder}{plants.plain()}"
    plants.expected[f"object name and metadata {named}"] += 1
    noted = f"{folder}noted"
    metadata = {noted: {"card": plants.new("object name and metadata", noted)}}
    async with Aws(scene.settings).s3() as s3:
        for key, body in (objects | {named: b"", noted: b""}).items():
            await s3.put_object(Bucket=scene.settings.lake_bucket, Key=key, Body=body, Metadata=metadata.get(key, {}))


def _letter(seal: Seal, plants: Plants) -> dict[str, bytes]:
    """A dead letter whose number is sealed: found where letters are opened, and nowhere else."""
    origin = Origin("index", "a stream", Position(ShardId("shardId-0"), SequenceNumber("1"), 0))
    key = f"{DEAD_LETTER_PREFIX}undecodable/dt=2026-01-01/index-shardId-0-1-0.json"
    data = plants.new("opened dead letter", key).encode()
    letter = DeadLetter("undecodable", NAME, origin, _AT, data)
    return {key: seal.close(letter)}


def _parquet(plants: Plants, key: str) -> dict[str, bytes]:
    """A file as the archive writes them, whose cells are packed, with a column that is called by a number."""
    text, number = plants.new("parquet cell", f"{key} text"), plants.new("parquet cell", f"{key} number")
    column = plants.new("parquet schema", key)
    columns: dict[str, list[object]] = {"text": ["x", text], "number": [0, int(number)], column: [0, 0]}
    buffer = io.BytesIO()
    pq.write_table(pa.table(columns), buffer, compression="zstd", write_statistics=False)
    return {key: buffer.getvalue()}


def score_log(plants: Plants, key: str) -> dict[str, bytes]:
    """An object of the score log with a number in each column that could hold one: as a text, a list, a name."""

    def new(column: str) -> str:
        return plants.new("parquet cell", f"{key} {column}")

    row = ScoreRow(
        transaction_id=TransactionId(new("transaction_id")),
        account=Account(new("account")),
        card_id=CardId(new("card_id")),
        position=Position(ShardId("shardId-0"), SequenceNumber("1"), 0),
        accepted_at=_AT,
        occurred_at=_AT,
        arrived_at=_AT,
        scored_at=_AT,
        model=new("model"),
        rules_version=new("rules_version"),
        feature_set=1,
        stage1_millilogit=0,
        raw_millilogit=0,
        score=0,
        decision="pass",
        rule_hits=("x", new("rule_hits")),
        shadow={new("shadow"): 0},
        features=(None, float(new("features"))),
    )
    return {key: parquet_of(table_of([row]))}


def _registry(plants: Plants) -> dict[str, bytes]:
    """What people write there: a rule, and who has asked for it."""
    rules, active = f"{RULES_PREFIX}{NAME}.json", f"registry/{NAME}.json"
    change = {"who": plants.new("object", active), "action": "rules"}
    written = rule(f'card_id == "{plants.new("object", rules)}"').model_dump_json().encode()
    return {rules: written, active: json.dumps({"history": [change]}).encode()}
