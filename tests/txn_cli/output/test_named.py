"""What names a system: which variables name servers besides those of a stack."""

from txn_cli.output.named import Named

URLS = ("http://127.0.0.1:1", "http://127.0.0.1:2", "http://127.0.0.1:3")


def test_the_variable_that_names_another_server_is_found() -> None:
    own = {"TXN_KINESIS_ENDPOINT_URL": URLS[0], "TXN_DYNAMODB_ENDPOINT_URL": URLS[1]}
    assert Named(environment=own).endpoint_besides(URLS) is None
    other = own | {"TXN_S3_ENDPOINT_URL": "http://127.0.0.1:4"}
    assert Named(environment=other).endpoint_besides(URLS) == "TXN_S3_ENDPOINT_URL"
    assert Named(environment={}).endpoint_besides(URLS) is None
