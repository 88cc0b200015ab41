"""The shared socket listens before anything else, or says in one line why not."""

import socket

import pytest

from txn_core.exceptions import ServingError
from txn_server.http.listener import listening


def test_it_listens_at_once() -> None:
    """Clients that come before the processes wait in it."""
    with listening("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname(), timeout=9) as client:
        taken, address = listener.accept()
        taken.close()
        assert address == client.getsockname()


def test_a_taken_port_is_said() -> None:
    """Also when who has it is a fleet itself."""
    with listening("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        with pytest.raises(
            ServingError,
            match=rf"^cannot listen on 127\.0\.0\.1:{port}: Address already in use; name another with --port$",
        ):
            listening("127.0.0.1", port)


def test_an_address_that_is_none_is_said() -> None:
    """A look-up's errors have numbers of their own."""
    with pytest.raises(ServingError, match=r"^cannot listen on 300\.0\.0\.1\.:80: \S"):
        listening("300.0.0.1.", 80)
