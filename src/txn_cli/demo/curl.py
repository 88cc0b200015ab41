"""`curl` commands to paste into another terminal.

The key is read from its file: no shell's history holds it, and no list of processes.
"""

import json
import shlex

from txn_cli.stack.localstack import LocalStack

EXAMPLE = {
    "transaction_id": "demo-0000001",
    "card_number": "4242424242424242",
    "amount_minor": 497,
    "currency": "USD",
    "occurred_at": "2026-01-01T12:00:00Z",
    "merchant": {"name": "Rippin, Kub and Mann"},
}


def post_command(stack: LocalStack) -> str:
    """Sends one transaction."""
    body = shlex.quote(json.dumps(EXAMPLE))
    return f'curl -i {stack.ready.api_url}/transactions {_key(stack)} -H "Content-Type: application/json" -d {body}'


def get_command(stack: LocalStack) -> str:
    """Reads it again."""
    url = f"{stack.ready.api_url}/transactions/{EXAMPLE['transaction_id']}"
    return f"curl -i {url} {_key(stack)}"


def _key(stack: LocalStack) -> str:
    return f"-H {shlex.quote(f'@{stack.data_dir.authorization}')}"
