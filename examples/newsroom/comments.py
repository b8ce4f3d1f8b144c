"""Readers' comments: kept in memory, a bounded number for each article."""

from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass

KEPT = 50
NAME_MAX = 60
TEXT_MAX = 1000


@dataclass(frozen=True, slots=True)
class Comment:
    name: str
    text: str


class CommentError(Exception):
    """The form was not filled in as asked; the message is for the reader."""


def parse_comment(form: Mapping[str, str]) -> Comment:
    """The comment that a form holds.

    Raises `CommentError` with a sentence for the reader when a field is empty or too long.
    """
    name, text = form.get("name", "").strip(), form.get("text", "").strip()
    if not name or not text:
        raise CommentError("Please give a name and write something.")
    if len(name) > NAME_MAX or len(text) > TEXT_MAX:
        raise CommentError(f"A name has at most {NAME_MAX} characters, a comment {TEXT_MAX}.")
    return Comment(name, text)


class Comments:
    """The newest comments of each article, at most `kept`, oldest first."""

    def __init__(self, kept: int = KEPT) -> None:
        self._by_slug: defaultdict[str, deque[Comment]] = defaultdict(lambda: deque(maxlen=kept))

    def add(self, slug: str, comment: Comment) -> None:
        self._by_slug[slug].append(comment)

    def of(self, slug: str) -> tuple[Comment, ...]:
        return tuple(self._by_slug[slug]) if slug in self._by_slug else ()
