"""The third party: a vendor's server that measures, embeds and remembers who called it.

It stands for any vendor whose script a news site carries, and it is the witness of the demo: every request that a
browser made is at `/calls`, to read or to fetch as JSON (`?format=json`) and to empty (`DELETE`).
"""

import secrets
from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, select_autoescape
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response
from starlette.routing import Route

HERE = Path(__file__).parent
REMEMBERED = 1000
BODY_MAX = 4096
COOKIE = "third_visitor"
YEAR = 365 * 86_400
PIXEL = bytes.fromhex(
    "47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b"
)
FILMS = {"harbour-clock": "The clock that lost a minute", "night-ferry": "The last ferry, by lamplight"}


@dataclass(frozen=True, slots=True)
class Call:
    """One request as the third party remembers it."""

    time: str
    method: str
    path: str
    query: str
    referer: str
    cookies: Mapping[str, str]
    dest: str
    """What the browser fetched it for (`Sec-Fetch-Dest`): `script`, `image`, `iframe`, `empty` …"""
    body: str


class ThirdParty:
    """The vendor's addresses, each a method; `calls` holds the newest thousand requests, oldest first."""

    def __init__(self, remembered: int = REMEMBERED) -> None:
        self.calls: deque[Call] = deque(maxlen=remembered)
        self.templates = Environment(
            loader=FileSystemLoader(HERE / "templates" / "third"), autoescape=select_autoescape()
        )

    async def record(self, request: Request) -> None:
        body = b""
        async for piece in request.stream():
            body = (body + piece)[:BODY_MAX]
        self.calls.append(
            Call(
                time=datetime.now(UTC).isoformat(timespec="milliseconds"),
                method=request.method,
                path=request.url.path,
                query=request.url.query,
                referer=request.headers.get("referer", ""),
                cookies=dict(request.cookies),
                dest=request.headers.get("sec-fetch-dest", ""),
                body=body.decode("utf-8", "replace"),
            )
        )

    async def script(self, request: Request) -> Response:
        await self.record(request)
        return FileResponse(
            HERE / "static" / "third" / request.url.path.removeprefix("/"),
            media_type="text/javascript",
            headers={"Cache-Control": "no-store"},
        )

    async def pixel(self, request: Request) -> Response:
        await self.record(request)
        answer = Response(PIXEL, media_type="image/gif", headers={"Cache-Control": "no-store"})
        return remember_visitor(request, answer)

    async def collect(self, request: Request) -> Response:
        await self.record(request)
        return remember_visitor(request, Response(status_code=204))

    async def embed(self, request: Request) -> Response:
        await self.record(request)
        film = request.path_params["film"]
        page = self.templates.get_template("embed.html").render(title=FILMS.get(film, film))
        return remember_visitor(request, HTMLResponse(page))

    async def show_calls(self, request: Request) -> Response:
        if request.query_params.get("format") == "json":
            return JSONResponse({"calls": [asdict(call) for call in self.calls]})
        newest_first = list(reversed(self.calls))
        return HTMLResponse(self.templates.get_template("calls.html").render(calls=newest_first))

    async def empty_calls(self, _: Request) -> Response:
        self.calls.clear()
        return Response(status_code=204)


async def icon(_: Request) -> Response:
    return Response(status_code=204)


def remember_visitor(request: Request, response: Response) -> Response:
    """Give a browser that has none a cookie of the third party's own.

    `Secure` is what `SameSite=None` asks for, and browsers take `.localhost` for secure without TLS. `Partitioned`
    lets it live in browsers that otherwise keep no third-party cookie.
    """
    if COOKIE not in request.cookies:
        value = f"{COOKIE}={secrets.token_hex(8)}; Max-Age={YEAR}; Path=/; Secure; SameSite=None; Partitioned"
        response.headers.append("set-cookie", value)
    return response


def create_third() -> Starlette:
    """The third party's app. `app.state.third.calls` is what it remembers."""
    third = ThirdParty()
    routes = [
        Route("/analytics.js", third.script),
        Route("/widget.js", third.script),
        Route("/pixel.gif", third.pixel),
        Route("/collect", third.collect, methods=["GET", "POST"]),
        Route("/embed/{film}", third.embed),
        Route("/favicon.ico", icon),
        Route("/calls", third.show_calls),
        Route("/calls", third.empty_calls, methods=["DELETE"]),
    ]
    open_to_all = Middleware(CORSMiddleware, allow_origins=["*"], allow_methods=["*"], allow_headers=["*"])
    app = Starlette(routes=routes, middleware=[open_to_all])
    app.state.third = third
    return app
