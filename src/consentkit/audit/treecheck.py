"""The tree over the events that are there, beside what the store and those who signed it say of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

from consentkit.audit.checkpoint import Standing
from consentkit.audit.finding import Finding
from consentkit.audit.merkle import HASH_BYTES, Edge, Part


class Mark(NamedTuple):
    """A checkpoint, as far as the tree is concerned.

    :param where: ``kept`` outside of the log, or ``stored`` in it.
    :param standing: what its signatures are worth; ``None`` where no key was given.
    """

    size: int
    root: bytes
    where: Literal["kept", "stored"]
    standing: Standing | None


class TreeCheck:
    """Grows a tree out of the leaves that are found, and remembers its root at each size that was signed."""

    def __init__(self, sizes: Iterable[int]) -> None:
        self._edge = Edge()
        self._ahead = sorted({size for size in sizes if size > 0}, reverse=True)
        self.parts: list[Part] = []
        self.roots: dict[int, bytes] = {0: self._edge.root()}

    def extend(self, leaves: Sequence[bytes]) -> None:
        """Append leaf hashes."""
        start, total = 0, len(leaves)
        while start < total:
            upto = total
            if self._ahead and self._ahead[-1] - self._edge.size <= total - start:
                upto = start + self._ahead.pop() - self._edge.size
            self.parts += self._edge.extend(leaves[start:upto])
            self.roots[self._edge.size] = self._edge.root()
            start = upto

    def against_head(self, size: int, edge: bytes | None) -> Iterator[Finding]:
        """What is wrong with the hashes of the head."""
        if self._edge.size != size:
            return  # what is missing or too many has its own finding, and no hash can be right
        if not isinstance(edge, bytes) or len(edge) != HASH_BYTES * size.bit_count():
            yield Finding(None, "edge", f"the head holds no hashes for a tree of {size} events")
            return
        own, first = bytes(self._edge), 1
        for at, width in enumerate(1 << bit for bit in range(size.bit_length(), -1, -1) if size >> bit & 1):
            span = slice(HASH_BYTES * at, HASH_BYTES * (at + 1))
            if own[span] != edge[span]:
                text = f"the head's hash over events {first} to {first + width - 1} is not that of the events"
                yield Finding(first, "edge", text)
            first += width

    def against_parts(self, stored: Mapping[tuple[int, int], bytes]) -> Iterator[Finding]:
        """What is wrong with the stored hashes, by level and position."""
        for part in self.parts:
            if stored.get((part.level, part.position)) != part.hash:
                first = (part.position << part.level) + 1
                last = (part.position + 1) << part.level
                text = f"the stored hash over events {first} to {last} is missing, or not that of the events"
                yield Finding(first, "subtree", text)
        known = {(part.level, part.position) for part in self.parts}
        for level, position in stored.keys() - known:
            yield Finding(
                None, "subtree", f"a hash stands at level {level}, position {position}, where none may"
            )

    def against_marks(self, marks: Sequence[Mark], size: int) -> Iterator[Finding]:
        """What is wrong, going by the checkpoints.

        :param size: what the head says.
        """
        trusted = sorted({(mark.size, mark.root) for mark in marks if mark.standing in {None, "signed"}})
        yield from _forks(trusted)
        sound = 0
        for signed, root in trusted:
            if signed > size:
                text = f"the log holds {size} events, and a checkpoint was signed over {signed}"
                yield Finding(None, "rolled-back", text)
            elif self.roots.get(signed) == root:
                sound = signed
            elif signed <= self._edge.size:
                text = f"events {sound + 1} to {signed} are not those that were signed: one of them, or more, was changed"
                yield Finding(sound + 1, "rewritten", text)


def _forks(trusted: Sequence[tuple[int, bytes]]) -> Iterator[Finding]:
    by_size: dict[int, set[bytes]] = {}
    for size, root in trusted:
        by_size.setdefault(size, set()).add(root)
    for size, roots in by_size.items():
        if len(roots) > 1:
            text = f"two checkpoints over {size} events were signed, and tell of different events"
            yield Finding(None, "fork", text)
