"""S3 and STS of several accounts, as far as ownership goes: who owns a bucket, and who a caller expects to own it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs

from aiohttp import web

OURS, THEIRS = "111122223333", "444455556666"


@dataclass
class Accounts:
    """Buckets by name with their owners. All callers are `OURS`, and foreign buckets let everybody in."""

    url: str = ""
    owners: dict[str, str] = field(default_factory=dict)
    calls: list[tuple[str, str, str | None]] = field(default_factory=list)
    """Method, path and the owner that the caller expected, of each call of S3."""
    sts_refuses: bool = False
    name_taken_code: str = "BucketAlreadyOwnedByYou"

    async def answer(self, request: web.Request) -> web.Response:
        """Answer one call."""
        body = await request.read()
        if request.path == "/":
            return self._identity(parse_qs(body.decode()))
        expected = request.headers.get("x-amz-expected-bucket-owner")
        self.calls.append((request.method, request.path_qs, expected))
        bucket = request.path.split("/")[1]
        owner = self.owners.get(bucket)
        if request.method == "PUT" and request.path in {f"/{bucket}", f"/{bucket}/"} and not request.query:
            return self._create(bucket, owner)
        if owner is None:
            return _refusal(404, "NoSuchBucket")
        if expected not in {None, owner}:
            return _refusal(403, "AccessDenied")
        if request.method == "GET" and "list-type" in request.query:
            return _xml("<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>")
        return web.Response(status=204 if request.method == "DELETE" else 200)

    def _create(self, bucket: str, owner: str | None) -> web.Response:
        if owner is None:
            self.owners[bucket] = OURS
            return web.Response()
        return _refusal(409, self.name_taken_code if owner == OURS else "BucketAlreadyExists")

    def _identity(self, asked: dict[str, list[str]]) -> web.Response:
        assert asked["Action"] == ["GetCallerIdentity"]
        if self.sts_refuses:
            return _refusal(403, "ExpiredToken", "<ErrorResponse>{}</ErrorResponse>")
        return _xml(
            f"<GetCallerIdentityResponse><GetCallerIdentityResult><Account>{OURS}</Account>"
            f"<Arn>arn:aws:sts::{OURS}:assumed-role/Fraud/ann</Arn>"
            "</GetCallerIdentityResult></GetCallerIdentityResponse>"
        )


def _xml(text: str, status: int = 200) -> web.Response:
    return web.Response(status=status, body=text.encode(), content_type="application/xml")


def _refusal(status: int, code: str, form: str = "{}") -> web.Response:
    return _xml(form.format(f"<Error><Code>{code}</Code><Message>no</Message></Error>"), status)


@asynccontextmanager
async def accounts() -> AsyncIterator[Accounts]:
    """Both on one port of this machine, for the time of the block."""
    kept = Accounts()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", kept.answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        kept.url = f"http://{host}:{port}"
        yield kept
    finally:
        await runner.cleanup()
