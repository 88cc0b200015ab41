"""What is read from /proc, and the core that a thread is kept on."""

import os
import time

from bench.process_stats import (
    PAGE_BYTES,
    TICKS_PER_S,
    cpu_s,
    parse_cpu_s,
    parse_resident_bytes,
    parse_resident_peak_bytes,
    pinned,
    resident_bytes,
    resident_peak_bytes,
)

STAT = "42 (a) b (c) R 1 2 3 4 5 6 7 8 9 10 250 50 0 0 20 0 1 0 1000 1 1"


def test_cpu_time_is_user_and_system_time_whatever_the_name_holds() -> None:
    """The name of a process may hold blanks and brackets."""
    assert parse_cpu_s(STAT) == 300 / TICKS_PER_S


def test_resident_memory_is_the_second_figure_in_pages() -> None:
    """The first one is what is mapped."""
    assert parse_resident_bytes("9000 120 30 1 0 80 0") == 120 * PAGE_BYTES


def test_the_peak_is_the_line_of_its_name_in_kib() -> None:
    """Names of other lines begin otherwise."""
    assert parse_resident_peak_bytes("Name:\tVmHWM\nVmPeak:\t 900 kB\nVmHWM:\t 120 kB\nVmRSS:\t 7 kB") == 120 << 10


def test_of_this_process_both_are_told() -> None:
    """The kernel's text is as expected."""
    began = time.process_time()
    while time.process_time() < began + 2 / TICKS_PER_S:
        pass
    assert cpu_s(os.getpid()) > 0
    assert resident_peak_bytes(os.getpid()) >= resident_bytes(os.getpid()) > 1 << 20


def test_a_thread_is_kept_on_a_core_and_let_go_again() -> None:
    """Also when it may run on one core only to begin with."""
    before = os.sched_getaffinity(0)
    core = min(before)
    with pinned(core):
        assert os.sched_getaffinity(0) == {core}
    assert os.sched_getaffinity(0) == before
