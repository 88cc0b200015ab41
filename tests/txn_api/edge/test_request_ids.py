"""What an id tells: nothing but itself."""

import re
from itertools import islice, pairwise

from txn_api.edge.request_ids import request_ids


def test_ids_have_their_form_and_are_different() -> None:
    """Also those of two processes, and those of one beyond what it asks the system for at once."""
    ids = [*islice(request_ids(), 20_000), *islice(request_ids(), 20_000)]
    assert len(set(ids)) == 40_000
    assert all(re.fullmatch(r"req_[0-9a-f]{16}", each) for each in ids)


def test_an_id_tells_neither_its_process_nor_how_many_were_before_it() -> None:
    """Neighbours share no part, and are in no order: half of them rise, and each digit takes each value alike."""
    ids = list(islice(request_ids(), 4_096))
    rising = sum(one < other for one, other in pairwise(ids))
    assert 1_700 < rising < 2_400
    for place in range(4, 20):
        values = [each[place] for each in ids]
        assert all(150 < values.count(digit) < 370 for digit in "0123456789abcdef")
