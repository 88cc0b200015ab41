"""Tables in S3: a landing and the pointer to a build, by the object store of the local stack."""

from pathlib import Path

import boto3
import pytest

from tests.warehouse.landing.commits import adverse_commits, batch_of
from txn_cli.stack.endpoints import Endpoints
from txn_core.exceptions import WarehouseError
from txn_core.settings import Settings
from warehouse.landing.landing_port import Loaded
from warehouse.landing.parquet_landing import POSITIONS, ParquetLanding, loads_at
from warehouse.landing.table_place import TablePlace
from warehouse.spark.spark_builds import Builds


@pytest.fixture
def place(local_servers: Endpoints, settings: Settings) -> TablePlace:
    """A prefix in a bucket that nobody else has."""
    boto3.Session().client("s3", endpoint_url=local_servers.s3_url).create_bucket(Bucket=settings.bucket)
    return TablePlace.at(f"s3a://{settings.bucket}/warehouse", s3_url=local_servers.s3_url, region="us-east-1")


def test_a_landing_in_s3_holds_each_commit_once(place: TablePlace) -> None:
    landing = ParquetLanding(place).open()
    loaded = landing.load(batch_of(adverse_commits()[:3])), landing.load(batch_of(adverse_commits()))
    assert landing.load(batch_of(adverse_commits())) == Loaded()
    assert sum(each.rows for each in loaded) == sum(each.append.rows for each in adverse_commits())
    with Builds(place).session() as connection:
        found = connection.execute("select load_id, count(*) from landing.positions group by 1 order by 1").fetchall()
    assert found == [(each.load_id, each.rows) for each in loaded]
    assert set(place.folders(POSITIONS)) == set(loads_at(place).folders)


def test_an_object_whose_writer_fails_is_not_there(place: TablePlace) -> None:
    """Arrow completes an object whose stream is closed, whatever it was closed for."""
    with pytest.raises(TypeError), place.writing("object") as stream:
        stream.writelines([b"half of it", None])
    assert place.read("object") is None


def test_a_file_whose_writer_fails_leaves_the_former_one(tmp_path: Path) -> None:
    place = TablePlace.at(str(tmp_path))
    place.write("object", b"before")
    with pytest.raises(TypeError), place.writing("object") as stream:
        stream.writelines([b"half of it", None])
    assert place.read("object") == b"before"
    assert [file.name for file in tmp_path.iterdir()] == ["object"]


def test_a_build_in_s3_is_published_by_one_object(place: TablePlace) -> None:
    builds = Builds(place)
    assert (builds.newest(), builds.published(), builds.next()) == (None, None, "00000001")
    for name in ("00000001", "00000002"):
        place.write(f"builds/{name}/meta.db/run/_SUCCESS", b"")
    place.write("builds/00000003/star.db/dim_date/part.parquet", b"")
    assert (builds.newest(), builds.next()) == ("00000002", "00000004")
    builds.publish("00000002")
    assert builds.published() == "00000002"
    assert len(builds.names()) == 3, "another machine may be building"


def test_a_bucket_that_is_closed_to_us_is_told_with_a_remedy(
    place: TablePlace, local_servers: Endpoints, own_environment: pytest.MonkeyPatch
) -> None:
    own_environment.setenv("AWS_SECRET_ACCESS_KEY", "another")
    other = TablePlace.at(place.address, s3_url=local_servers.s3_url, region="us-east-1")
    with pytest.raises(WarehouseError, match="see the bucket, AWS_REGION and the credentials"):
        other.write("object", b"")
