"""The paper itself: a plain Starlette app that knows nothing of consent but its markup."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl

from jinja2 import Environment, FileSystemLoader, select_autoescape
from markupsafe import Markup
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import (
    FileResponse,
    HTMLResponse,
    JSONResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from .choices import PLACES, REGIMES
from .comments import CommentError, Comments, parse_comment
from .content import Article, read_articles
from .streams import Pace, live_page, ticker_events
from .words import WORDS, day

HERE = Path(__file__).parent
FORM_MAX = 16 * 1024
LEGAL = {"privacy", "imprint"}
ARCHIVE = {"1998", "frames", "frames-menu", "frames-issue"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """What a newsroom is told from outside."""

    third: str
    """Address of the third party, without a final slash."""
    regime: str | None = None
    """The regime that the demo's bar shows as chosen; None: no bar."""
    pace: Pace = field(default_factory=Pace)
    comments: Comments = field(default_factory=Comments)


class Newsroom:
    """The pages, each a method that takes a request and gives a response."""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self.articles = read_articles()
        self.templates = Environment(
            loader=FileSystemLoader(HERE / "templates"),
            autoescape=select_autoescape(),
            trim_blocks=True,
            lstrip_blocks=True,
            enable_async=True,
        )
        self.templates.globals |= {
            "third": setting.third,
            "regime": setting.regime,
            "regimes": REGIMES,
            "places": PLACES,
            "articles": self.articles,
            "all_words": WORDS,
            "day": day,
        }

    async def render(self, name: str, request: Request, **context: object) -> str:
        return await self.templates.get_template(name).render_async(request=request, **context)

    async def page(self, name: str, request: Request, status: int = 200, **context: object) -> Response:
        return HTMLResponse(await self.render(name, request, **context), status_code=status)

    async def front(self, request: Request) -> Response:
        return await self.page("front.html", request)

    async def article(self, request: Request) -> Response:
        article = self.find(request)
        return await self.article_page(request, article)

    async def article_page(
        self, request: Request, article: Article, status: int = 200, **form: object
    ) -> Response:
        return await self.page(
            "article.html",
            request,
            status,
            article=article,
            body=Markup(article.body),
            comments=self.setting.comments.of(article.slug),
            **form,
        )

    def find(self, request: Request) -> Article:
        try:
            return self.articles[request.path_params["slug"]]
        except KeyError:
            raise HTTPException(404) from None

    async def comments(self, request: Request) -> Response:
        """The comments alone, as a fragment."""
        return await self.thread(request, self.find(request))

    async def comment(self, request: Request) -> Response:
        """Take a comment: a fragment for the page's own script, a redirect for a plain form."""
        article = self.find(request)
        wants_fragment = request.headers.get("x-requested-with") == "fetch"
        form = await read_form(request)
        try:
            self.setting.comments.add(article.slug, parse_comment(form))
        except CommentError as refusal:
            answer = self.thread if wants_fragment else self.article_page
            return await answer(request, article, 422, problem=str(refusal), form=form)
        if wants_fragment:
            return await self.thread(request, article, 201, thanks=True)
        return RedirectResponse(f"{article.path}#comments", status_code=303)

    async def thread(
        self, request: Request, article: Article, status: int = 200, **context: object
    ) -> Response:
        comments = self.setting.comments.of(article.slug)
        return await self.page("thread.html", request, status, article=article, comments=comments, **context)

    async def live(self, request: Request) -> Response:
        page = self.templates.get_template("live.html")
        pieces = live_page(page, {"request": request}, self.setting.pace)
        return StreamingResponse(pieces, media_type="text/html")

    async def ticker(self, request: Request) -> Response:
        """The page, or to who asks for events (as EventSource does) the stream itself."""
        if "text/event-stream" in request.headers.get("accept", ""):
            return event_stream(self.setting.pace)
        return await self.page("ticker.html", request)

    async def ticker_stream(self, _: Request) -> Response:
        return event_stream(self.setting.pace)

    async def api(self, _: Request) -> Response:
        return JSONResponse({"articles": [article.summary() for article in self.articles.values()]})

    async def report(self, _: Request) -> Response:
        return FileResponse(
            HERE / "downloads" / "annual-report.csv",
            media_type="text/csv; charset=utf-8",
            filename="annual-report.csv",
        )

    async def about(self, request: Request) -> Response:
        return await self.page("about.html", request)

    async def legal(self, request: Request) -> Response:
        return await self.page(f"{known(request, LEGAL)}.html", request)

    async def archive(self, request: Request) -> Response:
        """Pages of the old web, as they stood: their charset is Latin-1."""
        text = await self.render(f"archive/{known(request, ARCHIVE)}.html", request)
        return Response(text.encode("latin-1"), media_type="text/html; charset=ISO-8859-1")

    async def icon(self, _: Request) -> Response:
        return FileResponse(HERE / "static" / "icon.svg")

    async def not_found(self, request: Request, _: Exception) -> Response:
        return await self.page("404.html", request, 404)


def known(request: Request, names: set[str]) -> str:
    """The name in the request's path, if it is one of these; else 404."""
    name: str = request.path_params["name"]
    if name not in names:
        raise HTTPException(404)
    return name


def event_stream(pace: Pace) -> Response:
    return StreamingResponse(
        ticker_events(pace), media_type="text/event-stream", headers={"Cache-Control": "no-cache"}
    )


async def read_form(request: Request) -> Mapping[str, str]:
    """The fields of a form sent as `application/x-www-form-urlencoded`; the last of a name counts.

    Raises `HTTPException` 413 over 16 KB.
    """
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > FORM_MAX:
            raise HTTPException(413)
    return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))


def create_site(setting: Setting) -> Starlette:
    """The paper without any consent layer."""
    news = Newsroom(setting)
    routes = [
        Route("/", news.front),
        Route("/articles/{slug}", news.article),
        Route("/articles/{slug}/comments", news.comments),
        Route("/articles/{slug}/comments", news.comment, methods=["POST"]),
        Route("/live", news.live),
        Route("/ticker", news.ticker),
        Route("/ticker/stream", news.ticker_stream),
        Route("/api/articles", news.api),
        Route("/download/annual-report.csv", news.report),
        Route("/about", news.about),
        Route("/legal/{name}", news.legal),
        Route("/archive/{name}", news.archive),
        Route("/favicon.ico", news.icon),
        Mount("/static", StaticFiles(directory=HERE / "static")),
    ]
    return Starlette(routes=routes, exception_handlers={404: news.not_found})
