"""A reverse proxy that stands before local servers as AWS' authorisation stands before AWS.

It reads whose signature a call bears and which rights the call needs, evaluates the policies, and hands the call on
to the server of the service, or refuses it as AWS does. It says 404 of an object only to those who may list the
bucket, and 403 to others (S3 API Reference, "GetObject").
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import aiohttp
from aiohttp import web
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials
from yarl import URL

from devkit.aws_account.account import Account, Credentials, RefusedError
from devkit.aws_account.policies.policy import Right
from devkit.aws_account.rights.calls import SignedCall, UnknownCallError
from devkit.aws_account.rights.json_rights import json_rights, stream_arn
from devkit.aws_account.rights.s3_rights import s3_rights
from devkit.aws_account.rights.stream_tokens import StreamTokens

HOST: Final = "127.0.0.1"
CREDENTIALS_PATH: Final = "/v2/credentials/"
BODY_BYTES_MAX: Final = 256 << 20
_NOT_HANDED_ON: Final = {"host", "authorization", "x-amz-security-token", "x-amz-date", "content-length"} | {
    "transfer-encoding", "connection", "expect", "x-forwarded-proto", "accept-encoding",
}  # fmt: skip
_NOT_HANDED_BACK: Final = {"transfer-encoding", "connection", "content-length", "date", "server"}
_OWNER: Final = "x-amz-expected-bucket-owner"
_STS_ANSWER: Final = """<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
<GetCallerIdentityResult><Arn>{arn}</Arn><UserId>AROA</UserId><Account>{account}</Account></GetCallerIdentityResult>
<ResponseMetadata><RequestId>local</RequestId></ResponseMetadata></GetCallerIdentityResponse>"""
_S3_ERROR: Final = '<?xml version="1.0"?><Error><Code>{code}</Code><Message>{message}</Message></Error>'


@dataclass(slots=True)
class AuthorisingProxy:
    """The proxy of one account.

    Attributes:
        servers: the address of each service's server, by the service's name in signatures.
        server_keys: what the servers' own signatures are made with.
        url: where it listens, once it does.
        expiring: the tables whose rows expire. dynalite keeps no such thing, and says of each that its rows stay.
        unknown: calls that were refused since their rights are not known here.
    """

    account: Account
    servers: Mapping[str, str]
    server_keys: tuple[str, str]
    expiring: frozenset[str] = frozenset()
    url: str = ""
    unknown: list[str] = field(default_factory=list)
    _given_out: dict[str, Credentials] = field(default_factory=dict)
    _tokens: StreamTokens = field(default_factory=StreamTokens)
    _session: Any = None

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Authorise one call and hand it on."""
        body = await request.read()
        call = SignedCall.parse(request.method, request.raw_path, dict(request.headers), body)
        try:
            caller = self._caller(call)
            rights = self._rights(call)
            if caller.role is not None:
                self._authorise(caller, call, rights)
        except (RefusedError, UnknownCallError) as error:
            if isinstance(error, UnknownCallError):
                self.unknown.append(f"{call.service} {call.method} {call.operation}: {error}")
            return _refusal(call.service, str(error))
        if call.service == "sts":
            return self._identity(caller)
        if call.operation == "DescribeTimeToLive":
            return self._time_to_live(call)
        return await self._handed_on(request, call, caller)

    def credentials_url(self, credentials: Credentials) -> str:
        """An address that gives credentials to whoever knows it, as the agent of ECS does."""
        name = secrets.token_urlsafe(16)
        self._given_out[name] = credentials
        return f"{self.url}{CREDENTIALS_PATH}{name}"

    async def hand_out(self, request: web.Request) -> web.Response:
        """Give out credentials, in the form that SDKs read from a container's endpoint."""
        credentials = self._given_out.get(request.match_info["name"])
        if credentials is None or credentials.role is None:
            return web.Response(status=404)
        return web.json_response(
            {
                "AccessKeyId": credentials.access_key,
                "SecretAccessKey": credentials.secret_key,
                "Token": credentials.token,
                "RoleArn": credentials.role.arn,
                "Expiration": credentials.expires_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            }
        )

    def _caller(self, call: SignedCall) -> Credentials:
        caller = self.account.sessions.get(call.access_key)
        if caller is None or caller.expires_at < datetime.now(UTC):
            raise RefusedError("the credentials are not known, or no longer good")
        if caller.role is not None and call.headers.get("x-amz-security-token") != caller.token:
            raise RefusedError("the session's token is missing or another")
        return caller

    def _rights(self, call: SignedCall) -> list[Right]:
        if call.service == "s3":
            return s3_rights(call)
        if call.service == "sts":
            return []  # GetCallerIdentity needs no right, and nothing else is answered here
        return json_rights(call, self.account.number, self._tokens)

    def _authorise(self, caller: Credentials, call: SignedCall, rights: list[Right]) -> None:
        if caller.role is None:
            return
        if (owner := call.headers.get(_OWNER, self.account.number)) != self.account.number:
            raise RefusedError(f"the bucket is not of the account {owner}")
        self.account.authorise(caller.role, [with_transport(right, call) for right in rights])

    def _identity(self, caller: Credentials) -> web.Response:
        number = self.account.number
        arn = (
            f"arn:aws:iam::{number}:root"
            if caller.role is None
            else f"arn:aws:sts::{number}:assumed-role/{caller.role.name}/task"
        )
        return web.Response(text=_STS_ANSWER.format(arn=arn, account=number), content_type="text/xml")

    def _time_to_live(self, call: SignedCall) -> web.Response:
        status = "ENABLED" if call.document["TableName"] in self.expiring else "DISABLED"
        return web.json_response({"TimeToLiveDescription": {"TimeToLiveStatus": status}})

    async def _handed_on(self, request: web.Request, call: SignedCall, caller: Credentials) -> web.StreamResponse:
        if (server := self.servers.get(call.service)) is None:
            return _refusal(call.service, f"there is no server of {call.service} here")
        url = f"{server}{request.raw_path}"
        async with self._session.request(
            call.method,
            URL(url, encoded=True),
            data=call.body or None,
            headers=self._headers(call, url),
            allow_redirects=False,
        ) as answer:
            if call.service == "s3" and answer.status == 404 and self._hides_absence(caller, call):
                return _refusal("s3", "whether the object is there is for those who may list the bucket")
            headers = {name: value for name, value in answer.headers.items() if name.lower() not in _NOT_HANDED_BACK}
            if call.operation == "SubscribeToShard" and answer.status == 200:
                return await _streamed(request, answer, headers)
            content = await answer.read()
            if call.service == "kinesis" and answer.status == 200:
                self._learn(call, content, answer.content_type)
            if call.method == "HEAD" and "Content-Length" in answer.headers:
                headers["Content-Length"] = answer.headers["Content-Length"]
            return web.Response(status=answer.status, body=content, headers=headers)

    def _headers(self, call: SignedCall, url: str) -> dict[str, str]:
        """The headers of the call, signed for the server."""
        kept = {name: value for name, value in call.headers.items() if name not in _NOT_HANDED_ON}
        kept.pop(_OWNER, None)  # the proxy has judged it, and a local server knows no accounts
        signer = S3SigV4Auth if call.service == "s3" else SigV4Auth
        signed = AWSRequest(call.method, url, headers=kept, data=call.body)
        signer(BotoCredentials(*self.server_keys), call.service, call.region).add_auth(signed)
        return dict(signed.headers.items())

    def _hides_absence(self, caller: Credentials, call: SignedCall) -> bool:
        bucket, key = call.bucket_and_key
        if caller.role is None or not key or call.method not in {"GET", "HEAD"}:
            return False
        right = Right("s3:ListBucket", f"arn:aws:s3:::{bucket}")
        decision = self.account.decide(caller.role, right)
        self.account.ledger.note(caller.role.name, right, decision)
        return not decision.allowed

    def _learn(self, call: SignedCall, content: bytes, content_type: str) -> None:
        request = call.document
        base = f"arn:aws:kinesis:{call.region}:{self.account.number}:"
        if content and "json" in content_type:
            answer = SignedCall("", "", {}, {}, content, "", "", "").document
            stream = stream_arn(request, base)
            if stream is None and any(isinstance(request.get(name), str) for name in ("ShardIterator", "NextToken")):
                stream = self._tokens.stream_of(request)
            if stream is not None:
                self._tokens.learn(stream, answer)


def with_transport(right: Right, call: SignedCall) -> Right:
    """A right in the context of how the call came: over TLS or not, and to which region."""
    context = {"aws:securetransport": (str(call.over_tls).lower(),), "aws:requestedregion": (call.region,)}
    return Right(right.action, right.resource, {**context, **right.context})


async def _streamed(request: web.Request, answer: Any, headers: dict[str, str]) -> web.StreamResponse:
    response = web.StreamResponse(headers=headers)
    await response.prepare(request)
    async for piece in answer.content.iter_any():
        await response.write(piece)
    await response.write_eof()
    return response


def _refusal(service: str, why: str) -> web.Response:
    if service == "s3":
        return web.Response(
            status=403, text=_S3_ERROR.format(code="AccessDenied", message=why), content_type="text/xml"
        )
    return web.json_response({"__type": "AccessDeniedException", "message": why}, status=400)


@asynccontextmanager
async def proxy_running(
    account: Account, servers: Mapping[str, str], server_keys: tuple[str, str], expiring: frozenset[str] = frozenset()
) -> AsyncIterator[AuthorisingProxy]:
    """A proxy that listens on a free port for the time of the block."""
    proxy = AuthorisingProxy(account, servers, server_keys, expiring)
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=10)
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(timeout=timeout, connector=connector, auto_decompress=False) as session:
        proxy._session = session  # noqa: SLF001 - made here alone
        application = web.Application(client_max_size=BODY_BYTES_MAX)
        application.router.add_get(CREDENTIALS_PATH + "{name}", proxy.hand_out)
        application.router.add_route("*", "/{path:.*}", proxy.handle)
        runner = web.AppRunner(application, access_log=None, handler_cancellation=True, shutdown_timeout=1.0)
        await runner.setup()
        site = web.TCPSite(runner, HOST, 0)
        await site.start()
        address = runner.addresses[0]
        proxy.url = f"http://{address[0]}:{address[1]}"
        try:
            yield proxy
        finally:
            await runner.cleanup()
            await asyncio.sleep(0)
