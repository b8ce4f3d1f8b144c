"""A bookshop's suggestions with FastAPI: what a reader has looked at is used only where the reader agreed.

CONSENTKIT_SECRET_KEY=$(python -c "import secrets; print(secrets.token_urlsafe(32))") uvicorn app:app
"""

from pathlib import Path
from typing import Annotated

from fastapi import Cookie, Depends, FastAPI, HTTPException, Request, Response
from fastapi.responses import HTMLResponse

from consentkit import Consent, ConsentMiddleware, get_consent

BOOKS = {
    "tides": "A Tide Table for Dreamers",
    "knots": "Knots, and How to Leave Them",
    "lamps": "Lamps I Have Lit",
}

app = FastAPI(title="Bookshop")
app.add_middleware(ConsentMiddleware, policy=Path(__file__).with_name("consent.toml"))


def consent_of(request: Request) -> Consent:
    """The reader's consent, for a route to depend on."""
    return get_consent(request)


ReadersConsent = Annotated[Consent, Depends(consent_of)]


@app.get("/", response_class=HTMLResponse)
def shop() -> str:
    books = "".join(f'<li><a href="/books/{name}">{title}</a></li>' for name, title in BOOKS.items())
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Bookshop</title>'
        '<script data-category="analytics" data-service="counter" src="https://counter.example/count.js"></script>'
        f"</head><body><h1>Bookshop</h1><ul>{books}</ul></body></html>"
    )


@app.get("/books/{name}")
def book(name: str, response: Response, consent: ReadersConsent) -> dict[str, str]:
    """One book; it is remembered for suggestions only with the reader's consent."""
    if name not in BOOKS:
        raise HTTPException(404)
    if consent.allows("suggestions"):
        response.set_cookie("last_book", name, max_age=30 * 86_400, samesite="lax")
    return {"title": BOOKS[name]}


@app.get("/suggestions")
def suggestions(
    consent: ReadersConsent, last_book: Annotated[str | None, Cookie()] = None
) -> dict[str, object]:
    """Books to read next: chosen by the last one where that is allowed, else the same for all."""
    known = last_book if consent.allows("suggestions") else None
    return {"because_of": known, "books": [title for name, title in BOOKS.items() if name != known]}
