"""What a worker's process says it did since it started, from its Prometheus metrics."""

from collections import Counter
from typing import Final

import httpx
from prometheus_client.parser import text_string_to_metric_families

TIMEOUT_S: Final = 2.0


async def counts_of(kind: str, url: str) -> dict[str, float]:
    """The process's counters by name, without the prefix they share; empty while it cannot be reached."""
    try:
        async with httpx.AsyncClient(timeout=TIMEOUT_S, trust_env=False) as client:
            response = await client.get(url)
            response.raise_for_status()
    except httpx.HTTPError:
        return {}
    return parse_counts(kind, response.text)


def parse_counts(kind: str, text: str) -> dict[str, float]:
    """The sums of each counter of a kind of worker over its labels."""
    prefix = f"txn_{kind}_"
    sums: Counter[str] = Counter()
    for family in text_string_to_metric_families(text):
        if family.type == "counter" and family.name.startswith(prefix):
            values = [sample.value for sample in family.samples if sample.name.endswith("_total")]
            sums[family.name.removeprefix(prefix)] += sum(values)  # type: ignore[assignment] # counts may be floats
    return dict(sums)
