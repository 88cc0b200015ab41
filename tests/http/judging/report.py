"""A fault as a person reads it."""

from collections.abc import Iterator

from tests.http.judging.transcript import Transcript
from tests.http.run import Judgement

BYTES_SHOWN_MAX = 3_000


def told(judgement: Judgement) -> str:
    """What was sent, what came back and what is wrong with it."""
    return "\n".join(_lines(judgement))


def _lines(judgement: Judgement) -> Iterator[str]:
    sent = judgement.sequence
    yield f"sequence {sent.number} of seed {sent.seed}, made small (SEED={sent.seed} FIRST={sent.number} SEQUENCES=1)"
    yield f"  mutations: {', '.join(sorted(sent.kinds))}"
    for place, message in enumerate(sent.messages):
        data = message.data
        yield f"  sent {place}: {data[:BYTES_SHOWN_MAX]!r}" + (" ..." if len(data) > BYTES_SHOWN_MAX else "")
    yield f"  delivery: {sent.delivery}"
    yield f"  oracle: {_shown(judgement.expected.transcript)}"
    yield f"  ours:   {_shown(judgement.found)}"
    yield from (f"  DIFFERENCE: {text}" for text in judgement.differences)
    yield from (f"  VIOLATION: {text}" for text in judgement.violations)


def _shown(transcript: Transcript) -> str:
    answers = [
        "100 " * answer.interim + f"{answer.status} {answer.code}".strip() + ("" if answer.whole else " (cut)")
        for answer in transcript.answers
    ]
    stored = b", ".join(transcript.stored).decode() or "nothing"
    return f"{answers}, {'closed' if transcript.closed else 'open'}, stored: {stored}"
