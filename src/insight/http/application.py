"""The service's ASGI application: the API's edge and way in, with an answer for browsers that ask before they ask."""

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from insight.http.origins import PREFLIGHT, is_preflight
from txn_api.edge.application import App


class InsightApp(App):
    """An application that asks for the credential first, but of no preflight, which cannot have one."""

    async def _enter(self, scope: Scope, receive: Receive, send: Send) -> None:
        if is_preflight(scope):
            answer = Response(status_code=204)
            answer.raw_headers += PREFLIGHT
            await answer(scope, receive, send)
            return
        await super()._enter(scope, receive, send)
