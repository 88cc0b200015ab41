"""The fault suite: the whole system under load, everything failing on purpose, and every promise held at the end.

A seed decides a `Schedule` (what is killed, frozen, delayed, cut, split and when) and the documents that are posted;
a run carries it out against real processes and compares what was answered with stream, index and lake, record by
record and field by field. The schedule is the same each time; the moments at which things meet are those of real
processes and sockets, so that a seed that failed may have to be run a few times to fail again.

    python -m tests.chaos --seeds 50        seeds 0 to 49
    python -m tests.chaos --seeds 17-17     the one that failed; its logs are in .chaos/seed-17

From the seed outwards: schedule -> run -> world (servers, processes) and traffic (proxies before every server), load
(what is posted) -> views (what is found) -> verdict.
"""
