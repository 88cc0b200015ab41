"""`curl` commands to paste into another terminal. The key is read from its file: no shell history holds it."""

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
READ_KEY = "import json, sys; print(json.load(open(sys.argv[1]))['api_key'])"


def key_command(stack: LocalStack) -> str:
    """Puts the local key into a variable of the shell."""
    return f'KEY=$(python3 -c "{READ_KEY}" {shlex.quote(str(stack.data_dir.ready))})'


def post_command(stack: LocalStack) -> str:
    """Sends one transaction."""
    body = shlex.quote(json.dumps(EXAMPLE))
    headers = '-H "Authorization: Bearer $KEY" -H "Content-Type: application/json"'
    return f"curl -i {stack.ready.api_url}/transactions {headers} -d {body}"


def get_command(stack: LocalStack) -> str:
    """Reads it again."""
    url = f"{stack.ready.api_url}/transactions/{EXAMPLE['transaction_id']}"
    return f'curl -i {url} -H "Authorization: Bearer $KEY"'
