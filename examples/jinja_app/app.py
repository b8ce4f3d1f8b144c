"""Starlette with Jinja templates that read the consent.

CONSENTKIT_SECRET_KEY=$(python -c "import secrets; print(secrets.token_urlsafe(32))") uvicorn app:app
"""

from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.templating import Jinja2Templates

from consentkit import ConsentMiddleware

HERE = Path(__file__).parent


def consent_for_templates(request: Request) -> dict[str, Any]:
    """What every template may ask: `{% if consent.allows("analytics") %}`."""
    return {"consent": request.state.consent}


templates = Jinja2Templates(HERE / "templates", context_processors=[consent_for_templates])


async def home(request: Request) -> Response:
    return templates.TemplateResponse(request, "page.html")


app = Starlette(routes=[Route("/", home)])
app.add_middleware(ConsentMiddleware, policy=HERE / "consent.toml")
