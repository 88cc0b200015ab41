"""An environment behind Lambda's own runtime client: what is kept between invocations, and what errors give away."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest
from aiohttp import web
from devkit.lambda_runtime import FunctionError, LambdaEnvironment, LambdaFunction

from tests.builders import base64_key
from tests.workers.lambdas.small_batches import PRELOADED
from workers.lambdas.execution_environment import ANSWER_S
from workers.lambdas.secret_variables import PREFIX

pytest.importorskip("awslambdaric", reason="the extra `lambda` is not installed")

ENOUGH_S: Final = 60.0
SECRET: Final = "9000 in no text"
KEY_ARN: Final = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:dead-letter-key-AbCdEf"
SAMPLE: Final = LambdaFunction("tests.workers.lambdas.sample_function.handler", {}, Path("log"), preloaded=PRELOADED)
VARIABLES: Final = {
    "AWS_REGION": "eu-central-1",
    "AWS_ACCESS_KEY_ID": "id",
    "AWS_SECRET_ACCESS_KEY": "key",
    "TXN_TARGET": "aws",
}


def sample(tmp_path: Path, **variables: str) -> LambdaFunction:
    return replace(SAMPLE, log=tmp_path / "log", variables=VARIABLES | variables)


async def told(environment: LambdaEnvironment, timeout_s: float = ENOUGH_S) -> Any:
    return await environment.invoke({"do": "tell"}, timeout_s)


async def failure(environment: LambdaEnvironment, **event: str) -> Any:
    with pytest.raises(FunctionError) as caught:
        await environment.invoke(event, ENOUGH_S)
    return caught.value.args[0]


async def test_invocations_share_a_loop_and_a_site_and_each_has_its_own_deadline(tmp_path: Path) -> None:
    """The patience with outages ends before Lambda's deadline."""
    async with sample(tmp_path).environment() as environment:
        first, second = await told(environment), await told(environment, 4.0)
    assert (first["loop"], first["site"]) == (second["loop"], second["site"])
    assert first["left_s"] > 4.0 > second["left_s"]
    for each, timeout_s in ((first, ENOUGH_S), (second, 4.0)):
        assert 0 < each["patient_s"] <= each["left_s"] <= timeout_s - ANSWER_S


async def test_what_is_logged_is_written_before_the_answer(tmp_path: Path) -> None:
    """Behind the answer Lambda freezes the process."""
    async with sample(tmp_path).environment() as environment:
        for number in range(20):
            await environment.invoke({"do": "log", "number": number}, ENOUGH_S)
            environment.freeze()
            assert f'"number": {number}' in (tmp_path / "log").read_text()
            environment.thaw()


async def test_metrics_are_told_at_the_end_of_the_first_invocation_and_once_a_minute(tmp_path: Path) -> None:
    """Before the answer, behind which Lambda freezes the process, and ends it without a word."""
    async with sample(tmp_path, TXN_EMF="true").environment() as environment:
        await told(environment)
        assert _reports(tmp_path) == [1]
        await told(environment)
        assert _reports(tmp_path) == [1]
        await environment.invoke({"do": "let a minute pass"}, ENOUGH_S)
        assert _reports(tmp_path) == [1, 2]
        await told(environment)
        assert _reports(tmp_path) == [1, 2]


async def test_a_first_invocation_that_fails_tells_its_metrics(tmp_path: Path) -> None:
    async with sample(tmp_path, TXN_EMF="true").environment() as environment:
        await failure(environment, do="raise ours")
        assert _reports(tmp_path) == [1]


async def test_a_function_tells_no_metrics_unless_it_is_asked_to(tmp_path: Path) -> None:
    async with sample(tmp_path).environment() as environment:
        await environment.invoke({"do": "let a minute pass"}, ENOUGH_S)
    assert _reports(tmp_path) == []


def _reports(tmp_path: Path) -> list[int]:
    """What each report says was done since the last."""
    lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines() if '"_aws"' in line]
    assert all(line["service"] == "worker-sample" for line in lines)
    return [line["txn_sample_done_total"] for line in lines if "txn_sample_done_total" in line]


@pytest.mark.parametrize("what", ["raise", "raise group"])
async def test_an_error_gives_no_text_of_an_event_away(tmp_path: Path, what: str) -> None:
    """Neither to the log, where Lambda's client writes the error's text, nor to whoever has invoked the function."""
    async with sample(tmp_path).environment() as environment:
        error = await failure(environment, do=what, text=SECRET)
        assert (await told(environment))["left_s"] > 0
    log = (tmp_path / "log").read_text()
    assert error["errorType"] == "InvocationFailedError"
    assert error["errorMessage"] in {"lambda-sample: ValueError", "lambda-sample: KeyError"}
    assert SECRET not in f"{error} {log}"
    assert "sample_function.py" in log
    assert "invocation_failed" in log


async def test_an_error_of_ours_says_why(tmp_path: Path) -> None:
    async with sample(tmp_path).environment() as environment:
        error = await failure(environment, do="raise ours")
    assert error["errorMessage"] == "lambda-sample: the store is not there"


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"TXN_NO_SETTING": SECRET}, "unknown settings: TXN_NO_SETTING"),
        ({"TXN_TABLE_PREFIX": "broken"}, "the tables are not there"),
        ({f"{PREFIX}TXN_DEAD_LETTER_KEY": SECRET}, "TXN_DEAD_LETTER_KEY: its secret cannot be read (ValueError)"),
    ],
)
async def test_a_site_that_cannot_be_opened_is_tried_again_by_the_next_invocation(
    tmp_path: Path, variables: dict[str, str], said: str
) -> None:
    async with sample(tmp_path, **variables).environment() as environment:
        for _ in range(2):
            error = await failure(environment, do="tell")
            assert error["errorMessage"] == f"lambda-sample: {said}"
    assert SECRET not in (tmp_path / "log").read_text()


async def test_secrets_are_read_where_their_arns_say(tmp_path: Path) -> None:
    """Once, and one that is refused is told by its code; a value never stands in the log."""
    answers: list[web.Response] = [
        web.json_response({"__type": "AccessDeniedException", "Message": SECRET}, status=400),
        web.json_response({"ARN": KEY_ARN, "SecretString": base64_key(7)}),
    ]
    async with secrets_manager(answers) as url:
        variables = {f"{PREFIX}TXN_DEAD_LETTER_KEY": KEY_ARN, "AWS_ENDPOINT_URL_SECRETS_MANAGER": url}
        async with sample(tmp_path, **variables).environment() as environment:
            error = await failure(environment, do="tell")
            assert error["errorMessage"].endswith("its secret cannot be read (AccessDeniedException)")
            assert (await told(environment))["has_key"]
            assert (await told(environment))["has_key"]
    assert not answers
    log = (tmp_path / "log").read_text()
    assert SECRET not in log
    assert base64_key(7) not in log


@asynccontextmanager
async def secrets_manager(answers: list[web.Response]) -> AsyncIterator[str]:
    """A server that gives these answers, one after the other."""

    async def answer(request: web.Request) -> web.StreamResponse:
        assert (await request.json())["SecretId"] == KEY_ARN
        return answers.pop(0)

    app = web.Application()
    app.router.add_post("/", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
