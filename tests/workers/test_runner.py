"""Workers on the real local servers: the whole way from the stream into index and lake."""

from tests.workers.builders import ACCOUNT, event, id_of
from tests.workers.conftest import World


async def test_both_views_hold_what_the_stream_held(world: World) -> None:
    """Plain and aggregated records are indexed and archived, each position once."""
    events = [event() for _ in range(25)]
    await world.send(*events[:5])
    await world.send_aggregate(*events[5:])
    await world.drain("index", "archive")
    await world.assert_lake_exact()
    for data in events:
        stored = await world.transactions.get(ACCOUNT, id_of(data))
        assert stored is not None
        assert stored.event.encode() == data
