"""The demo's switch: the same paper under three regimes and the laws of some places, chosen by a cookie of the demo's own."""

import asyncio
from collections.abc import Callable, Mapping
from http.cookies import SimpleCookie
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from consentkit import Policy

from .choices import NAMES, PLACES, REGIMES

COOKIE = "newsroom_regime"
PATH = "/demo/regime/"
DESK = "/desk"
VISITOR_COOKIES = ("consentkit", "consentkit-hint", "_tp_id")
"""What a visitor gathers here; without them the next page meets a new one."""


def policy_under(name: str, policy: Policy, site: str, third: str) -> Policy:
    """The policy as this demo needs it: under one regime or the laws of the world, and with the addresses it runs at."""
    fields = policy.model_dump()
    fields |= {"jurisdictions": ["world"], "regime": None} if name in PLACES else {"regime": name}
    fields["site"]["address"] = site
    for service in fields["services"].values():
        service["hosts"] = [urlsplit(third).netloc]
    # Not model_copy: it neither checks what it is given nor forgets what the policy has computed.
    return Policy.model_validate(fields)


class RegimeSwitch:
    """Passes each request to the app of the visitor's regime or place; `notice` where the cookie names none.

    The officer's desk stands beside the paper, at `/desk`.

    `GET /demo/regime/<name>` changes it, forgets the visitor's choice and goes back to the page.
    """

    def __init__(self, make: Callable[[str], ASGIApp], desk: ASGIApp | None = None) -> None:
        self.desk = desk
        self.apps: Mapping[str, ASGIApp] = {name: make(name) for name in NAMES}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await run_lifespans(list(self.apps.values()), scope, receive, send)
        elif scope["type"] == "http" and scope["path"].startswith(PATH):
            await self.switch(Request(scope))(scope, receive, send)
        elif self.desk is not None and f"{scope['path']}/".startswith(f"{DESK}/"):
            await self.desk({**scope, "root_path": DESK}, receive, send)
        else:
            await self.apps[chosen(scope)](scope, receive, send)

    def switch(self, request: Request) -> Response:
        name = request.url.path.removeprefix(PATH)
        if name not in self.apps:
            return Response(f"No regime {name!r}: {', '.join(self.apps)}.", 404, media_type="text/plain")
        response = RedirectResponse(way_back(request), status_code=303, headers={"Cache-Control": "no-store"})
        response.set_cookie(COOKIE, name, samesite="lax")
        for cookie in VISITOR_COOKIES:
            response.delete_cookie(cookie)
        return response


def chosen(scope: Scope) -> str:
    """The regime or place that the request's cookie names, if there is such a one."""
    for name, value in scope.get("headers", ()):
        if name == b"cookie" and (morsel := SimpleCookie(value.decode("latin-1")).get(COOKIE)):
            return morsel.value if morsel.value in NAMES else REGIMES[0]
    return REGIMES[0]


def way_back(request: Request) -> str:
    """The path of the page that the visitor came from, if it is one of ours; else the front page."""
    try:
        referer = urlsplit(request.headers.get("referer", ""))
    except ValueError:
        return "/"
    ours = referer.netloc == request.url.netloc and not referer.path.startswith(("//", PATH))
    return (referer.path or "/") if ours else "/"


async def run_lifespans(apps: list[ASGIApp], scope: Scope, receive: Receive, send: Send) -> None:
    """Start all apps, in order, then stop all; the first that cannot start decides."""
    await receive()
    started: list[Lifespan] = []
    for app in apps:
        lifespan = Lifespan(app, scope)
        answer = await lifespan.step("startup")
        if answer["type"] == "lifespan.startup.failed":
            await stop_all(started)
            await send(answer)
            return
        started.append(lifespan)
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await send(await stop_all(started))


async def stop_all(lifespans: list["Lifespan"]) -> Message:
    """Stop these apps, last first; a failure does not keep the others running."""
    answers = [await lifespan.step("shutdown") for lifespan in reversed(lifespans)]
    failed = (answer for answer in answers if answer["type"].endswith("failed"))
    return next(failed, {"type": "lifespan.shutdown.complete"})


class Lifespan:
    """One app's lifespan, run a step at a time."""

    def __init__(self, app: ASGIApp, scope: Scope) -> None:
        self._orders: asyncio.Queue[Message] = asyncio.Queue()
        self._answers: asyncio.Queue[Message] = asyncio.Queue()
        self._task = asyncio.ensure_future(app(dict(scope), self._orders.get, self._answers.put))

    async def step(self, name: str) -> Message:
        """Send `startup` or `shutdown` and give the app's answer; an app that ends without one has failed."""
        await self._orders.put({"type": f"lifespan.{name}"})
        answer = asyncio.ensure_future(self._answers.get())
        await asyncio.wait((answer, self._task), return_when=asyncio.FIRST_COMPLETED)
        if answer.done():
            return answer.result()
        if not self._answers.empty():
            return await answer
        answer.cancel()
        error = self._task.exception()
        return {"type": f"lifespan.{name}.failed", "message": str(error or "the app ended early")}
