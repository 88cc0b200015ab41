"""The credential of a request is read and hashed once, and not at all when it is too long to be one."""

import hashlib
from typing import Any, Final

import pytest

from tests.builders import body as full_body
from tests.builders import json_bytes
from tests.txn_api.conftest import AppFixture
from txn_api.access import credential as module
from txn_api.access.authenticator import HASHED_BYTES_MAX
from txn_api.access.tokens import TOKEN_CHARS_MAX

UNKNOWN: Final = f"txn_{'0' * 16}_{'0' * 64}"


class Hashes:
    """Counts what is hashed."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def sha256(self, data: bytes) -> Any:
        self.sizes.append(len(data))
        return hashlib.sha256(data)


@pytest.fixture
def hashes(monkeypatch: pytest.MonkeyPatch) -> Hashes:
    counting = Hashes()
    monkeypatch.setattr(module, "hashlib", counting)
    return counting


async def test_a_credential_is_hashed_once_a_request(desk: AppFixture, hashes: Hashes) -> None:
    """Whatever asks for it: the door, the route, and whoever asks again later."""
    headers = desk.key("transactions:write", "transactions:read")
    for method, path, status in (
        ("POST", "/transactions", 202),  # looks the key up
        ("POST", "/transactions", 202),
        ("POST", "/transactions/bulk", 200),
        ("GET", "/transactions?card_id=nothing", 422),
    ):
        hashes.sizes.clear()
        content = json_bytes(full_body()) if method == "POST" else b""
        type_ = {"Content-Type": "application/x-ndjson" if path.endswith("bulk") else "application/json"}
        answer = await desk.client.request(method, path, content=content, headers=headers | type_)
        assert (answer.status_code, len(hashes.sizes)) == (status, 1), path


@pytest.mark.parametrize("tokens", [False, True])
@pytest.mark.parametrize(
    "presented", ["x" * (HASHED_BYTES_MAX + 1), "a." + "b" * TOKEN_CHARS_MAX + ".c", UNKNOWN + "0" * 300]
)
async def test_what_is_too_long_to_be_one_is_not_hashed(
    desk: AppFixture,
    hashes: Hashes,
    presented: str,
    tokens: bool,  # noqa: FBT001 - a case
) -> None:
    """Neither as a bearer nor as a key; it is refused as whatever else is no credential."""
    if tokens:
        desk.take_tokens(object())  # type: ignore[arg-type] # nobody may ask it
    code = "token_invalid" if tokens and presented.count(".") == 2 else "api_key_invalid"
    for headers in ({"Authorization": f"Bearer {presented}"}, {"Authorization": "", "X-API-Key": presented}):
        answer = await desk.client.get("/merchants", headers=headers)
        assert answer.status_code == 401
        assert answer.json()["code"] == ("api_key_invalid" if "X-API-Key" in headers else code)
    assert hashes.sizes == []
