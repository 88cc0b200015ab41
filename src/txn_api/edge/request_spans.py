"""The spans of a request, made when it is answered: until then it carries nothing of them but times.

Their ids are known before: a request's span has the 64 bits of its request id, as `traceresponse` tells its caller.
"""

import time
from typing import Any, Final

from txn_api.edge.request_context import RequestContext
from txn_core.tracing.span_table import BYTES, METHOD, REQUEST_ID, ROUTE, STATUS, Attribute, SpanName, Value
from txn_core.tracing.spans import Recorder

_ADMITTED: Final = "admitted"
"""In a request's state: when it was an event, by `time.perf_counter`, and that event's bytes."""


def note_admitted(state: dict[str, Any], size: int) -> None:
    """Note that the post of a request is an event now, of so many bytes."""
    state[_ADMITTED] = (time.perf_counter(), size)


def record(recorder: Recorder, context: RequestContext, method: str, route: str, seconds: float) -> None:
    """Record an answered request which took so long, and the admission of its post."""
    caller = context.caller_span()
    place = recorder.begins(caller, int(context.request_id[-16:], 16))
    if not place.sampled:
        return
    ended_ns = time.time_ns()
    began_ns = ended_ns - int(seconds * 1e9)
    if (admitted := context.scope["state"].get(_ADMITTED)) is not None:
        at_s, size = admitted
        admitted_ns = ended_ns - int((time.perf_counter() - at_s) * 1e9)
        inner = recorder.begins(place)
        recorder.finish(SpanName.ADMISSION, inner, place, (began_ns, admitted_ns), {BYTES: size})
    attributes: dict[Attribute, Value] = {
        METHOD: method,
        ROUTE: route,
        STATUS: context.status,
        REQUEST_ID: context.request_id,
    }
    failed = context.status >= 500
    recorder.finish(SpanName.REQUEST, place, caller, (began_ns, ended_ns), attributes, failed=failed)
