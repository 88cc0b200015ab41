"""The region: one value for every client, found where AWS' own tools find it, and never guessed."""

import os
from pathlib import Path
from typing import Any

import pytest

from txn_core.aws.clients import Aws
from txn_core.aws.region import LOCAL_REGION
from txn_core.exceptions import SettingsError
from txn_core.settings import Settings

LOCAL = "http://127.0.0.1:1"
PROFILES = "[default]\nregion = eu-west-1\n[profile there]\nregion = eu-west-2\n[profile nowhere]\noutput = json\n"


def test_our_own_variable_goes_first(own_environment: pytest.MonkeyPatch) -> None:
    """Then what ECS, EKS and Lambda set, then what botocore reads; a blank one is none."""
    found = []
    for name in ("AWS_DEFAULT_REGION", "AWS_REGION", "TXN_AWS_REGION"):
        own_environment.setenv(name, f"of-{name.lower().replace('_', '-')}")
        found.append(Settings.from_environment().aws_region)
    for name in ("TXN_AWS_REGION", "AWS_REGION"):
        own_environment.setenv(name, "")
        found.append(Settings.from_environment().aws_region)
    in_order = ["of-aws-default-region", "of-aws-region", "of-txn-aws-region"]
    assert found == [*in_order, "of-aws-region", "of-aws-default-region"]


@pytest.mark.parametrize(("profile", "region"), [(None, "eu-west-1"), ("there", "eu-west-2")])
def test_a_profile_has_a_region_too(
    own_environment: pytest.MonkeyPatch, tmp_path: Path, profile: str | None, region: str
) -> None:
    """As for the AWS command line: whoever names a profile means its region; a variable still goes first."""
    config = tmp_path / "config"
    config.write_text(PROFILES)
    own_environment.setenv("AWS_CONFIG_FILE", str(config))
    if profile:
        own_environment.setenv("AWS_PROFILE", profile)
    assert Settings.from_environment().aws_region == region
    own_environment.setenv("AWS_REGION", "eu-central-1")
    assert Settings.from_environment().aws_region == "eu-central-1"


@pytest.mark.parametrize("profile", [None, "nowhere", "unheard-of"])
async def test_no_region_is_an_error_that_names_the_variables(
    own_environment: pytest.MonkeyPatch, tmp_path: Path, profile: str | None
) -> None:
    """Whichever client is made; one of a server on this machine needs none."""
    config = tmp_path / "config"
    config.write_text(PROFILES.replace("[default]\nregion = eu-west-1\n", ""))
    own_environment.setenv("AWS_CONFIG_FILE", str(config))
    if profile:
        own_environment.setenv("AWS_PROFILE", profile)
    aws = Aws(Settings.from_environment())
    for make in (aws.kinesis, aws.kinesis_writer, aws.dynamodb, aws.dynamodb_reader, aws.s3):
        with pytest.raises(SettingsError, match="TXN_AWS_REGION, AWS_REGION or AWS_DEFAULT_REGION"):
            async with make():
                pass


@pytest.mark.parametrize("name", ["TXN_AWS_REGION", "AWS_REGION"])
@pytest.mark.parametrize("value", ["eu central", "eu-central-1.example.com/", "-", "x" * 64])
def test_what_cannot_be_a_region_stops_the_start(own_environment: pytest.MonkeyPatch, name: str, value: str) -> None:
    """It becomes a part of host names, to which signed requests go."""
    own_environment.setenv(name, value)
    with pytest.raises(SettingsError, match=r"TXN_AWS_REGION: .*not the name of a region") as caught:
        Settings.from_environment()
    assert "TXN_BUCKET" not in str(caught.value)


async def test_every_client_and_every_signature_is_of_that_region(own_environment: pytest.MonkeyPatch) -> None:
    """On a task of ECS in Frankfurt nothing goes to Virginia."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        own_environment.setenv(name, "x")
    own_environment.setenv("AWS_REGION", "eu-central-1")
    own_environment.setenv("TXN_BUCKET_OWNER", "111122223333")
    aws = Aws(Settings.from_environment())
    async with aws.kinesis() as kinesis, aws.dynamodb() as dynamodb, aws.s3() as s3:
        assert kinesis.meta.endpoint_url == "https://kinesis.eu-central-1.amazonaws.com"
        assert dynamodb.meta.endpoint_url == "https://dynamodb.eu-central-1.amazonaws.com"
        assert s3.meta.endpoint_url == "https://s3.eu-central-1.amazonaws.com"
    async with aws.kinesis_writer() as writer, aws.dynamodb_reader() as reader:
        clients: list[Any] = [writer, reader]
        for client in clients:
            calls = client
            assert calls._region == "eu-central-1"
            assert calls._host.endswith(".eu-central-1.amazonaws.com")


async def test_servers_on_this_machine_need_no_region(own_environment: pytest.MonkeyPatch) -> None:
    """A client of one that is not refuses to be made."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        own_environment.setenv(name, "x")
    for service in ("KINESIS", "DYNAMODB"):
        own_environment.setenv(f"TXN_{service}_ENDPOINT_URL", LOCAL)
    assert "AWS_REGION" not in os.environ
    aws = Aws(Settings.from_environment())
    async with aws.kinesis() as kinesis, aws.dynamodb() as dynamodb:
        assert kinesis.meta.region_name == dynamodb.meta.region_name == LOCAL_REGION
    with pytest.raises(SettingsError, match="AWS_REGION"):
        async with aws.s3():
            pass
