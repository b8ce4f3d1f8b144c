"""The tree of RFC 6962 and RFC 9162: its own examples, all small trees, and proofs wrong in one named way each."""

from __future__ import annotations

import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consentkit.audit import merkle
from consentkit.audit.merkle import (
    EMPTY_ROOT,
    LARGEST_SIZE,
    STRIDE,
    Edge,
    ProofError,
    consistency_proof,
    inclusion_proof,
    leaf,
    node,
    root,
    verify_consistency,
    verify_inclusion,
)

SMALL = 70
LEAVES = [leaf(bytes([n])) for n in range(SMALL)]


def tree_hash(leaves):
    """MTH of RFC 6962, section 2.1, word for word."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return node(tree_hash(leaves[:k]), tree_hash(leaves[k:]))


ROOTS = [tree_hash(LEAVES[:size]) for size in range(SMALL + 1)]


def over(leaves):
    return lambda level, position: tree_hash(leaves[position << level : (position + 1) << level])


# The inputs and roots that implementations of Certificate Transparency share.
KNOWN = [
    ("", "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"),
    ("00", "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"),
    ("10", "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"),
    ("2021", "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"),
    ("3031", "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"),
    ("40414243", "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef"),
    ("5051525354555657", "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"),
    ("606162636465666768696a6b6c6d6e6f", "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"),
]


@pytest.mark.parametrize("size", range(1, 9))
def test_roots_are_those_that_other_implementations_have(size):
    leaves = [leaf(bytes.fromhex(data)) for data, _ in KNOWN[:size]]

    assert root(leaves).hex() == KNOWN[size - 1][1]


def test_the_empty_tree_has_the_hash_of_nothing():
    assert root([]).hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


# RFC 6962, section 2.1.3: the tree of seven leaves, its nodes by their letters there.
A, B, C, D, E, F, J = LEAVES[:7]
G, H, I = node(A, B), node(C, D), node(E, F)  # noqa: E741 - their names in the RFC
K = node(G, H)
L = node(I, J)


@pytest.mark.parametrize(
    ("index", "path"),
    [(0, [B, H, L]), (3, [C, G, L]), (4, [F, J, K]), (6, [I, K])],
    ids=["d0", "d3", "d4", "d6"],
)
def test_audit_paths_are_those_of_the_rfc(index, path):
    assert inclusion_proof(index, 7, over(LEAVES)) == path
    assert verify_inclusion(index, 7, LEAVES[index], path, node(K, L))


@pytest.mark.parametrize(
    ("size", "path"),
    [(3, [C, D, G, L]), (4, [L]), (6, [I, J, K])],
    ids=["hash0", "hash1", "hash2"],
)
def test_consistency_proofs_are_those_of_the_rfc(size, path):
    assert consistency_proof(size, 7, over(LEAVES)) == path
    assert verify_consistency(size, 7, path, ROOTS[size], node(K, L))


@pytest.mark.parametrize("size", range(1, SMALL + 1))
def test_every_leaf_of_every_small_tree_is_proved_and_at_no_other_place(size):
    for index in range(size):
        proof = inclusion_proof(index, size, over(LEAVES))

        assert verify_inclusion(index, size, LEAVES[index], proof, ROOTS[size])
        for other in {(index + 1) % size, index ^ 1, size - 1} - {index}:
            if other < size:
                assert not verify_inclusion(other, size, LEAVES[index], proof, ROOTS[size])


@pytest.mark.parametrize("size2", range(1, SMALL + 1))
def test_every_small_tree_is_proved_to_begin_with_every_smaller_one(size2):
    for size1 in range(1, size2 + 1):
        proof = consistency_proof(size1, size2, over(LEAVES))

        assert verify_consistency(size1, size2, proof, ROOTS[size1], ROOTS[size2])
        if size1 < size2:
            assert not verify_consistency(size1, size2, proof, ROOTS[size1 - 1], ROOTS[size2])
            assert not verify_consistency(size1, size2, proof, ROOTS[size1], ROOTS[size2 - 1])


@pytest.mark.parametrize("size", range(SMALL + 1))
def test_an_edge_appends_gives_the_root_and_survives_being_written(size):
    edge = Edge()
    for at in range(0, size, 3):
        edge = Edge(edge.size, bytes(edge))
        edge.extend(LEAVES[at : min(at + 3, size)])

    assert (edge.size, edge.root()) == (size, ROOTS[size])
    assert len(bytes(edge)) == 32 * size.bit_count()


def test_full_parts_are_handed_out_once_at_the_levels_that_are_kept():
    leaves = [leaf(n.to_bytes(4, "big")) for n in range(2**16 + 300)]
    edge, parts = Edge(), []
    for at in range(0, len(leaves), 1000):
        parts += edge.extend(leaves[at : at + 1000])

    assert [(part.level, part.position) for part in parts if part.level == STRIDE] == [
        (STRIDE, position) for position in range(2**16 // 256 + 1)
    ]
    assert [(part.level, part.position) for part in parts if part.level != STRIDE] == [(2 * STRIDE, 0)]
    assert parts[3].hash == root(leaves[3 * 256 : 4 * 256])
    assert next(part.hash for part in parts if part.level == 16) == root(leaves[: 2**16])


INDEX, SIZE1, SIZE2 = 11, 13, 42
INCLUDED = inclusion_proof(INDEX, SIZE2, over(LEAVES))
CONSISTENT = consistency_proof(SIZE1, SIZE2, over(LEAVES))
RIGHT_I = {
    "leaf_index": INDEX,
    "tree_size": SIZE2,
    "leaf_hash": LEAVES[INDEX],
    "proof": INCLUDED,
    "root": ROOTS[SIZE2],
}
RIGHT_C = {
    "size1": SIZE1,
    "size2": SIZE2,
    "proof": CONSISTENT,
    "root1": ROOTS[SIZE1],
    "root2": ROOTS[SIZE2],
}
FLIPPED = bytes([INCLUDED[0][0] ^ 1]) + INCLUDED[0][1:]

WRONG_INCLUSIONS = {
    "next-index": {"leaf_index": INDEX + 1},
    "previous-index": {"leaf_index": INDEX - 1},
    "last-index": {"leaf_index": SIZE2 - 1},
    "index-is-size": {"leaf_index": SIZE2},
    "negative-index": {"leaf_index": -1},
    "bool-index": {"leaf_index": True},
    "float-index": {"leaf_index": float(INDEX)},
    "text-index": {"leaf_index": str(INDEX)},
    "huge-index": {"leaf_index": 2**64 + INDEX},
    "smaller-size": {"tree_size": SIZE1},
    "half-size": {"tree_size": SIZE2 // 2},
    "double-size": {"tree_size": SIZE2 * 2},
    "size-0": {"tree_size": 0},
    "negative-size": {"tree_size": -SIZE2},
    "bool-size": {"tree_size": True, "leaf_index": 0},
    "huge-size": {"tree_size": 10**400},
    "size-beyond-63-bits": {"tree_size": LARGEST_SIZE + 1},
    "another-leaf": {"leaf_hash": LEAVES[INDEX + 1]},
    "leaf-is-a-node": {"leaf_hash": node(LEAVES[10], LEAVES[11])},
    "leaf-is-the-root": {"leaf_hash": ROOTS[SIZE2]},
    "empty-leaf": {"leaf_hash": b""},
    "short-leaf": {"leaf_hash": LEAVES[INDEX][:31]},
    "text-leaf": {"leaf_hash": LEAVES[INDEX].hex()},
    "no-leaf": {"leaf_hash": None},
    "root-of-another-size": {"root": ROOTS[SIZE2 - 1]},
    "empty-root": {"root": b""},
    "root-of-nothing": {"root": EMPTY_ROOT},
    "leaf-and-root-swapped": {"leaf_hash": ROOTS[SIZE2], "root": LEAVES[INDEX]},
    "no-proof": {"proof": []},
    "no-list": {"proof": None},
    "text-proof": {"proof": "".join(one.hex() for one in INCLUDED)},
    "first-hash-missing": {"proof": INCLUDED[1:]},
    "last-hash-missing": {"proof": INCLUDED[:-1]},
    "extra-hash-first": {"proof": [LEAVES[0], *INCLUDED]},
    "extra-hash-last": {"proof": [*INCLUDED, LEAVES[0]]},
    "root-appended": {"proof": [*INCLUDED, ROOTS[SIZE2]]},
    "hash-twice": {"proof": [INCLUDED[0], *INCLUDED]},
    "two-hashes-swapped": {"proof": [INCLUDED[1], INCLUDED[0], *INCLUDED[2:]]},
    "reversed": {"proof": INCLUDED[::-1]},
    "one-bit-flipped": {"proof": [FLIPPED, *INCLUDED[1:]]},
    "short-hash": {"proof": [INCLUDED[0][:-1], *INCLUDED[1:]]},
    "long-hash": {"proof": [INCLUDED[0] + b"\0", *INCLUDED[1:]]},
    "empty-hash": {"proof": [b"", *INCLUDED[1:]]},
    "none-in-proof": {"proof": [None, *INCLUDED[1:]]},
    "two-hashes-joined": {"proof": [INCLUDED[0] + INCLUDED[1], *INCLUDED[2:]]},
    "endless-proof": {"proof": INCLUDED * 100_000},
    "consistency-proof": {"proof": CONSISTENT},
}
WRONG_CONSISTENCIES = {
    "sizes-swapped": {"size1": SIZE2, "size2": SIZE1},
    "roots-swapped": {"root1": ROOTS[SIZE2], "root2": ROOTS[SIZE1]},
    "size1-0": {"size1": 0},
    "size1-0-empty-root": {"size1": 0, "root1": EMPTY_ROOT, "proof": []},
    "both-0": {"size1": 0, "size2": 0, "root1": EMPTY_ROOT, "root2": EMPTY_ROOT, "proof": []},
    "size2-0": {"size2": 0},
    "next-size1": {"size1": SIZE1 + 1},
    "previous-size1": {"size1": SIZE1 - 1},
    "next-size2": {"size2": SIZE2 * 2},
    "half-size2": {"size2": SIZE2 // 2},
    "equal-sizes": {"size1": SIZE2},
    "equal-sizes-equal-roots-with-proof": {"size1": SIZE2, "root1": ROOTS[SIZE2]},
    "equal-sizes-other-roots": {"size1": SIZE2, "proof": []},
    "negative-size1": {"size1": -SIZE1},
    "negative-size2": {"size2": -1},
    "bool-size1": {"size1": True},
    "bool-size2": {"size2": True, "size1": 1},
    "float-size": {"size1": float(SIZE1)},
    "huge-sizes": {"size1": 10**400, "size2": 10**400 + 1},
    "size-beyond-63-bits": {"size2": LARGEST_SIZE + 1},
    "root1-of-another-size": {"root1": ROOTS[SIZE1 + 1]},
    "root2-of-another-size": {"root2": ROOTS[SIZE2 + 1]},
    "empty-root1": {"root1": b""},
    "root1-of-nothing": {"root1": EMPTY_ROOT},
    "short-root2": {"root2": ROOTS[SIZE2][:31]},
    "text-root1": {"root1": ROOTS[SIZE1].hex()},
    "same-root": {"root1": ROOTS[SIZE2]},
    "no-proof": {"proof": []},
    "no-list": {"proof": None},
    "root1-alone": {"proof": [ROOTS[SIZE1]]},
    "root2-alone": {"proof": [ROOTS[SIZE2]]},
    "first-hash-missing": {"proof": CONSISTENT[1:]},
    "last-hash-missing": {"proof": CONSISTENT[:-1]},
    "middle-hash-missing": {"proof": [*CONSISTENT[:2], *CONSISTENT[3:]]},
    "extra-hash-first": {"proof": [LEAVES[0], *CONSISTENT]},
    "root1-prepended": {"proof": [ROOTS[SIZE1], *CONSISTENT]},
    "extra-hash-last": {"proof": [*CONSISTENT, LEAVES[0]]},
    "root2-appended": {"proof": [*CONSISTENT, ROOTS[SIZE2]]},
    "two-hashes-swapped": {"proof": [CONSISTENT[1], CONSISTENT[0], *CONSISTENT[2:]]},
    "reversed": {"proof": CONSISTENT[::-1]},
    "one-bit-flipped": {"proof": [bytes([CONSISTENT[0][0] ^ 128]) + CONSISTENT[0][1:], *CONSISTENT[1:]]},
    "short-hash": {"proof": [CONSISTENT[0][:-1], *CONSISTENT[1:]]},
    "none-in-proof": {"proof": [*CONSISTENT[:-1], None]},
    "endless-proof": {"proof": CONSISTENT * 100_000},
    "inclusion-proof": {"proof": INCLUDED},
}


def refused(verify, arguments):
    try:
        return not verify(**arguments)
    except ProofError:
        return True


@pytest.mark.parametrize("wrong", WRONG_INCLUSIONS.values(), ids=WRONG_INCLUSIONS)
def test_an_inclusion_proof_that_is_wrong_in_one_way_is_refused(wrong):
    assert verify_inclusion(**RIGHT_I)
    assert refused(verify_inclusion, {**RIGHT_I, **wrong})


@pytest.mark.parametrize("wrong", WRONG_CONSISTENCIES.values(), ids=WRONG_CONSISTENCIES)
def test_a_consistency_proof_that_is_wrong_in_one_way_is_refused(wrong):
    assert verify_consistency(**RIGHT_C)
    assert refused(verify_consistency, {**RIGHT_C, **wrong})


def test_a_power_of_two_is_proved_without_its_own_root_and_not_with_it():
    proof = consistency_proof(8, 20, over(LEAVES))

    assert verify_consistency(8, 20, proof, ROOTS[8], ROOTS[20])
    assert not verify_consistency(8, 20, [ROOTS[8], *proof], ROOTS[8], ROOTS[20])


@given(size=st.integers(1, 400), data=st.data())
def test_proofs_hold_for_any_tree_and_for_no_other(size, data):
    leaves = [leaf(n.to_bytes(2, "big")) for n in range(size)]
    index = data.draw(st.integers(0, size - 1))
    size1 = data.draw(st.integers(1, size))
    changed = data.draw(st.integers(0, size - 1))
    others = [*leaves[:changed], leaf(b"other"), *leaves[changed + 1 :]]
    included, consistent = (
        inclusion_proof(index, size, over(leaves)),
        consistency_proof(size1, size, over(leaves)),
    )

    assert verify_inclusion(index, size, leaves[index], included, root(leaves))
    assert verify_consistency(size1, size, consistent, root(leaves[:size1]), root(leaves))
    assert not verify_inclusion(index, size, leaves[index], included, root(others))
    assert not verify_consistency(size1, size, consistent, root(leaves[:size1]), root(others))
    assert len(included) <= (size - 1).bit_length()
    assert len(consistent) <= (size - 1).bit_length() + 1


@given(st.binary(max_size=200), st.integers(0, 100))
def test_an_edge_takes_no_bytes_but_those_of_its_size(data, size):
    if len(data) == 32 * size.bit_count():
        assert bytes(Edge(size, data)) == data
    else:
        with pytest.raises(ProofError):
            Edge(size, data)


@pytest.mark.parametrize(
    ("make", "arguments"),
    [
        (inclusion_proof, (0, 0)),
        (inclusion_proof, (5, 5)),
        (inclusion_proof, (-1, 5)),
        (consistency_proof, (0, 5)),
        (consistency_proof, (6, 5)),
    ],
)
def test_no_proof_is_made_of_what_is_not_there(make, arguments):
    with pytest.raises(ProofError):
        make(*arguments, over(LEAVES))


def test_the_module_runs_by_itself(tmp_path):
    """Evidence files carry this very file."""
    (tmp_path / "merkle.py").write_bytes(Path(merkle.__file__).read_bytes())
    code = "import merkle; print(merkle.verify_inclusion(0, 1, merkle.leaf(b''), [], merkle.leaf(b'')))"

    done = subprocess.run(
        [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {str(tmp_path)!r}); {code}"],
        capture_output=True,
        check=False,
    )

    assert done.stdout == b"True\n"


def test_an_append_costs_a_node_on_average_and_a_proof_a_few_hashes_for_each_level(monkeypatch):
    made = 0

    def counting(data):
        nonlocal made
        made += 1
        return sha256(data)

    monkeypatch.setattr(merkle, "sha256", counting)
    size = 2**20 - 1
    edge = Edge(size, bytes(32) * size.bit_count())
    edge.extend([bytes(32)])
    one, made = made, 0
    edge.extend([bytes(32)] * 5000)
    many = made
    asked = []
    inclusion_proof(12_345, size, lambda *part: asked.append(part) or bytes(32))
    consistency_proof(654_321, size, lambda *part: asked.append(part) or bytes(32))

    assert one == 20
    assert 4990 < many < 5020
    assert len(asked) < 3 * 20 * 2
