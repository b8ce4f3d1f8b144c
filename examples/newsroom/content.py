"""What the paper prints: articles, one TOML file each, read once at start."""

import tomllib
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

ARTICLES = Path(__file__).parent / "articles"


@dataclass(frozen=True, slots=True)
class Article:
    """One article as its file says it; `body` is HTML of the paper's own, printed as it stands."""

    slug: str
    section: str
    title: str
    standfirst: str
    author: str
    published: date
    art: str
    """Name of the drawing in `static/art`, without its ending."""
    art_alt: str
    body: str
    lang: str = "en"
    dir: str = "ltr"
    read_also: tuple[str, ...] = ()
    might_like: tuple[str, ...] = ()
    video: str | None = None
    """Name of a film at the third party, shown in the article."""

    @property
    def path(self) -> str:
        return f"/articles/{self.slug}"

    def summary(self) -> dict[str, str]:
        """The article as `/api/articles` lists it."""
        return {
            "slug": self.slug,
            "url": self.path,
            "section": self.section,
            "title": self.title,
            "standfirst": self.standfirst,
            "author": self.author,
            "published": self.published.isoformat(),
            "lang": self.lang,
        }


def read_article(file: Path) -> Article:
    """The article in one TOML file; its slug is the file's name."""
    fields: dict[str, Any] = tomllib.loads(file.read_text(encoding="utf-8"))
    for links in ("read_also", "might_like"):
        fields[links] = tuple(fields.get(links, ()))
    return Article(slug=file.stem, **fields)


def read_articles(folder: Path = ARTICLES) -> dict[str, Article]:
    """All articles by slug, newest first, with every link between them checked.

    Raises `KeyError` naming the slug when an article links to one that is not there.
    """
    found = sorted((read_article(file) for file in folder.glob("*.toml")), key=_newest_first)
    articles = {article.slug: article for article in found}
    for article in found:
        for slug in (*article.read_also, *article.might_like):
            articles[slug]
    return articles


def _newest_first(article: Article) -> tuple[int, str]:
    return -article.published.toordinal(), article.slug
