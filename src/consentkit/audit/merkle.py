"""The Merkle tree of RFC 6962 and RFC 9162 (section 2.1 of each, checked 2026-11), with SHA-256.

A tree is a list of leaves, and one hash of 32 bytes, the root, stands for all of them in their order. Two proofs, each of
at most 2·log2(size) hashes, show something of a tree to whoever holds roots alone: that a leaf is in it (*inclusion*), and
that a larger tree begins with all of a smaller one (*consistency*).

- Leaves and nodes are hashed with different first bytes, so that neither can be passed off as the other.
- A tree that is no power of two is split at the largest power of two below its size; its left part is then full.
- The *edge* is the hashes of the full parts, largest first: as many as the size has ones in binary. It is all that is
  needed to append, and to know the root.

This module needs the standard library alone. Evidence files carry a copy of it, so that a proof can be checked without
anything else of ours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from typing import NamedTuple

HASH_BYTES = 32
EMPTY_ROOT = sha256(b"").digest()
"""Root of the tree without leaves."""
LARGEST_SIZE = 2**63 - 1
STRIDE = 8
"""Whoever keeps the hash of every full part at each level that is a multiple of this, reads at most 2·255 hashes a level
of that kind to make any proof, and keeps one hash for 255 leaves."""


class ProofError(ValueError):
    """What was given can be no proof: a number outside its range, or something that is no hash."""


class Part(NamedTuple):
    """A full part of a tree: the hash over the ``position``-th run of ``2**level`` leaves, counted from 0."""

    level: int
    position: int
    hash: bytes


HashAt = Callable[[int, int], bytes]
"""``hash_at(level, position)``: the hash of a :class:`Part`; asked only for parts that are full."""


def leaf(data: bytes) -> bytes:
    """Hash of a leaf that holds ``data``."""
    return sha256(b"\x00" + data).digest()


def node(left: bytes, right: bytes) -> bytes:
    """Hash of a node over two hashes."""
    return sha256(b"\x01" + left + right).digest()


def root(leaves: Sequence[bytes]) -> bytes:
    """Root of a tree over these leaf hashes."""
    edge = Edge()
    edge.extend(leaves)
    return edge.root()


class Edge:
    """The right edge of a tree: enough to append to it and to know its root.

    :param size: number of leaves.
    :param hashes: of the full parts, largest first, joined to one text of bytes.
    :raises ProofError: the bytes are not as many hashes as a tree of this size has.
    """

    __slots__ = ("_hashes", "size")

    def __init__(self, size: int = 0, hashes: bytes = b"") -> None:
        _check_size(size)
        if not isinstance(hashes, bytes) or len(hashes) != HASH_BYTES * size.bit_count():
            msg = f"the edge of a tree of {size} leaves holds {size.bit_count()} hashes of {HASH_BYTES} bytes"
            raise ProofError(msg)
        self.size = size
        self._hashes = [hashes[at : at + HASH_BYTES] for at in range(0, len(hashes), HASH_BYTES)]

    def extend(self, leaves: Iterable[bytes]) -> list[Part]:
        """Append leaf hashes, each at the cost of one node on average.

        :returns: the parts that became full, of those levels that :data:`STRIDE` tells.
        """
        size, hashes, full = self.size, self._hashes, list[Part]()
        for one in leaves:
            top, level = one, 0
            while size >> level & 1:
                top = sha256(b"\x01" + hashes.pop() + top).digest()
                level += 1
                if not level % STRIDE:
                    full.append(Part(level, size >> level, top))
            hashes.append(top)
            size += 1
        self.size = size
        return full

    def root(self) -> bytes:
        """Root of the tree as it is now."""
        if not self._hashes:
            return EMPTY_ROOT
        *larger, found = self._hashes
        for left in reversed(larger):
            found = node(left, found)
        return found

    def __bytes__(self) -> bytes:
        return b"".join(self._hashes)


def inclusion_proof(leaf_index: int, tree_size: int, hash_at: HashAt) -> list[bytes]:
    """Hashes that lead from a leaf to the root, nearest first.

    :param leaf_index: counted from 0.
    :raises ProofError: there is no such leaf.
    """
    _check_size(tree_size)
    _check_index(leaf_index, tree_size)
    start, count, path = 0, tree_size, list[bytes]()
    while count > 1:
        left = _split(count)
        if leaf_index - start < left:
            path.append(_over(start + left, count - left, hash_at))
            count = left
        else:
            path.append(_over(start, left, hash_at))
            start, count = start + left, count - left
    return path[::-1]


def consistency_proof(size1: int, size2: int, hash_at: HashAt) -> list[bytes]:
    """Hashes that lead from the root of the first ``size1`` leaves to the root of ``size2``.

    :raises ProofError: not ``0 < size1 <= size2``.
    """
    _check_size(size1)
    _check_size(size2)
    _check_order(size1, size2)
    # SUBPROOF of RFC 9162, section 2.1.4.1, from the top down. ``whole``: the first tree is still all that is left here,
    # so that its root, which the verifier knows, need not be told.
    start, count, wanted, whole, path = 0, size2, size1, True, list[bytes]()
    while wanted != count:
        left = _split(count)
        if wanted <= left:
            path.append(_over(start + left, count - left, hash_at))
            count = left
        else:
            path.append(_over(start, left, hash_at))
            start, count, wanted, whole = start + left, count - left, wanted - left, False
    if not whole:
        path.append(_over(start, count, hash_at))
    return path[::-1]


def verify_inclusion(
    leaf_index: int, tree_size: int, leaf_hash: bytes, proof: Sequence[bytes], root: bytes
) -> bool:
    """Whether a proof shows that a leaf stands at this place of the tree with this root.

    :param leaf_index: counted from 0.
    :param leaf_hash: as :func:`leaf` makes it.
    :raises ProofError: a number is outside its range, or something is no hash of 32 bytes.

    Source: RFC 9162, section 2.1.3.2, checked 2026-11.
    """
    _check_size(tree_size)
    _check_index(leaf_index, tree_size)
    _check_hashes(leaf_hash, root, *_listed(proof))
    at, last, found = leaf_index, tree_size - 1, leaf_hash
    for one in proof:
        if last == 0:
            return False
        if at & 1 or at == last:
            found = node(one, found)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            found = node(found, one)
        at, last = at >> 1, last >> 1
    return last == 0 and found == root


def verify_consistency(size1: int, size2: int, proof: Sequence[bytes], root1: bytes, root2: bytes) -> bool:
    """Whether a proof shows that the tree of ``size2`` leaves begins with the one of ``size1``.

    Trees of one size are consistent when their roots are equal and the proof is empty.

    :raises ProofError: not ``0 < size1 <= size2`` (an empty tree says nothing that could be proved), or something is no
        hash of 32 bytes.

    Source: RFC 9162, section 2.1.4.2, checked 2026-11.
    """
    _check_size(size1)
    _check_size(size2)
    _check_order(size1, size2)
    _check_hashes(root1, root2, *_listed(proof))
    if size1 == size2:
        return not proof and root1 == root2
    path = list(proof)
    if (
        size1.bit_count() == 1
    ):  # the first tree is a full part of the second: its own root is where the path begins
        path.insert(0, root1)
    if not path:
        return False
    at, last = size1 - 1, size2 - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    first = second = path[0]
    for one in path[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            first, second = node(one, first), node(one, second)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            second = node(second, one)
        at, last = at >> 1, last >> 1
    return last == 0 and first == root1 and second == root2


def _over(start: int, count: int, hash_at: HashAt) -> bytes:
    """Hash over ``count`` leaves from ``start`` on, where a part of that size may begin."""
    level = count.bit_length() - 1
    full = hash_at(level, start >> level)
    rest = count - (1 << level)
    return node(full, _over(start + (1 << level), rest, hash_at)) if rest else full


def _split(count: int) -> int:
    """The largest power of two smaller than ``count``, which is at least 2."""
    return 1 << ((count - 1).bit_length() - 1)


def _check_size(size: int) -> None:
    if type(size) is not int or not 0 <= size <= LARGEST_SIZE:
        msg = f"the size of a tree is an integer from 0 to {LARGEST_SIZE}"
        raise ProofError(msg)


def _check_order(size1: int, size2: int) -> None:
    if not 0 < size1 <= size2:
        msg = "a consistency proof leads from a tree that is not empty to one that is no smaller"
        raise ProofError(msg)


def _check_index(leaf_index: int, tree_size: int) -> None:
    if type(leaf_index) is not int or not 0 <= leaf_index < tree_size:
        msg = "the index of a leaf is an integer from 0 to the size of its tree less 1"
        raise ProofError(msg)


def _listed(proof: Sequence[bytes]) -> Sequence[bytes]:
    if not isinstance(proof, list | tuple) or len(proof) > 2 * LARGEST_SIZE.bit_length():
        msg = "a proof is a list of hashes, 126 at most"
        raise ProofError(msg)
    return proof


def _check_hashes(*hashes: bytes) -> None:
    if not all(isinstance(one, bytes) and len(one) == HASH_BYTES for one in hashes):
        msg = f"a hash is {HASH_BYTES} bytes"
        raise ProofError(msg)
