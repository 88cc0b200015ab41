"""Ports that are taken are avoided, and those of the last time are kept."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from txn_cli.stack import ports
from txn_cli.stack.datadir import DataDir
from txn_cli.stack.stackports import LAKE_SERVERS, StackPorts, port_names
from txn_core.exceptions import StackError


@pytest.fixture
def busy() -> Iterator[int]:
    """A port on which somebody listens."""
    with socket.create_server((ports.HOST, ports.choose())) as listener:
        yield listener.getsockname()[1]


def test_a_port_with_a_listener_is_not_free(busy: int) -> None:
    assert not ports.is_free(busy)


def test_a_port_whose_listener_is_gone_is_free(busy: int) -> None:
    """Connections that linger in TIME_WAIT do not keep a server from coming back to its port."""
    with socket.create_connection((ports.HOST, busy)):
        pass
    free = ports.choose()
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((ports.HOST, free))
        listener.listen()
        with socket.create_connection((ports.HOST, free)):
            accepted, _ = listener.accept()
            accepted.close()
    assert ports.is_free(free)


def test_the_next_free_port_skips_taken_and_avoided_ones(busy: int) -> None:
    found = ports.next_free(busy, avoid=[busy + 1])
    try:
        assert found > busy + 1
        assert ports.is_free(found)
        assert ports.next_free(found) > found, "it is ours"
        assert sys.platform != "linux" or not elsewhere(found)
    finally:
        ports.release(range(busy, busy + ports.STEPS_MAX))


def elsewhere(port: int) -> bool:
    """Whether another process can reserve a port now."""
    script = f"from txn_cli.stack import ports; raise SystemExit(not ports.reserve({port}))"
    return subprocess.run([sys.executable, "-c", script], check=False, timeout=60).returncode == 0


@pytest.mark.skipif(sys.platform != "linux", reason="reservations are Linux's")
def test_a_chosen_port_is_kept_from_other_processes_until_it_is_released() -> None:
    """Though nobody listens on it yet. A process that ended keeps nothing: the second asks as the first did."""
    port = ports.choose()
    assert not elsewhere(port)
    ports.release([port])
    assert (elsewhere(port), elsewhere(port)) == (True, True)


def test_a_chosen_port_is_not_chosen_again(monkeypatch: pytest.MonkeyPatch) -> None:
    first = ports.choose()
    monkeypatch.setattr(ports, "PORT_MIN", first)
    monkeypatch.setattr(ports, "PORT_MAX", first)
    with pytest.raises(StackError, match="no free port"):
        ports.choose()
    ports.release([first])
    assert ports.choose() == first


def test_ports_are_kept_for_the_next_time(tmp_path: Path) -> None:
    data_dir = DataDir.at(tmp_path)
    first = StackPorts.chosen(data_dir)
    assert StackPorts.chosen(data_dir) == first
    assert set(first.of) == set(port_names())
    assert len(first.owned) == len(port_names()) + len(LAKE_SERVERS)


def test_only_a_port_that_was_taken_meanwhile_changes(tmp_path: Path) -> None:
    data_dir = DataDir.at(tmp_path)
    first = StackPorts.chosen(data_dir)
    with socket.create_server((ports.HOST, first.of["kinesis"])):
        second = StackPorts.chosen(data_dir)
    assert second.of["kinesis"] != first.of["kinesis"]
    assert {**second.of, "kinesis": 0} == {**first.of, "kinesis": 0}


def test_other_ports_are_all_others_and_kept(tmp_path: Path) -> None:
    data_dir = DataDir.at(tmp_path)
    first = StackPorts.chosen(data_dir)
    second = first.others(data_dir)
    assert first.owned.isdisjoint(second.owned)
    assert StackPorts.stored(data_dir) == second


def test_a_stack_that_was_started_before_a_drain_was_added_is_asked_for_the_others() -> None:
    assert StackPorts({"index-metrics": 7}).metrics_urls() == {"index": "http://127.0.0.1:7"}
