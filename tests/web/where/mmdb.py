"""Writes a small file of the MaxMind DB format, version 2.0: a tree of networks, their records, and the metadata."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Any

UINT16, UINT32, UINT64 = 5, 6, 9
WIDTHS = {
    "binary_format_major_version": UINT16,
    "binary_format_minor_version": UINT16,
    "build_epoch": UINT64,
    "ip_version": UINT16,
    "node_count": UINT32,
    "record_size": UINT16,
}
"""The kinds of the metadata's numbers; readers insist on them."""
MARK = b"\xab\xcd\xefMaxMind.com"


def write(path: Path, networks: dict[str, Any], *, ip_version: int = 6) -> Path:
    """A database of networks, none within another. IPv4 lies below ``::/96`` in one of version 6."""
    tree: list[list[Any]] = [[None, None]]
    for network, record in networks.items():
        node = tree[0]
        *way, last = _bits(ipaddress.ip_network(network), ip_version)
        for bit in way:
            if node[bit] is None:
                tree.append([None, None])
                node[bit] = tree[-1]
            node = node[bit]
        node[last] = _Leaf(record)
    numbers = {id(node): number for number, node in enumerate(tree)}
    data = b""
    nodes = b""
    for node in tree:
        for side in node:
            if side is None:
                value = len(tree)
            elif isinstance(side, _Leaf):
                value = len(tree) + 16 + len(data)
                data += _encoded(side.record)
            else:
                value = numbers[id(side)]
            nodes += value.to_bytes(3, "big")
    path.write_bytes(nodes + bytes(16) + data + MARK + _encoded(_metadata(len(tree), ip_version)))
    return path


class _Leaf:
    def __init__(self, record: Any) -> None:
        self.record = record


def _bits(network: ipaddress.IPv4Network | ipaddress.IPv6Network, ip_version: int) -> list[int]:
    width = network.max_prefixlen
    number = int(network.network_address)
    own = [number >> (width - 1 - place) & 1 for place in range(network.prefixlen)]
    return [0] * 96 + own if ip_version == 6 and network.version == 4 else own


def _metadata(nodes: int, ip_version: int) -> dict[str, Any]:
    return {
        "binary_format_major_version": 2,
        "binary_format_minor_version": 0,
        "build_epoch": 1_790_000_000,
        "database_type": "Test-City",
        "description": {"en": "a test"},
        "ip_version": ip_version,
        "languages": ["en"],
        "node_count": nodes,
        "record_size": 24,
    }


def _encoded(value: Any, number: int = UINT32) -> bytes:
    if isinstance(value, str):
        return _control(2, len(value.encode())) + value.encode()
    if isinstance(value, int):
        held = value.to_bytes((value.bit_length() + 7) // 8, "big")
        return _control(number, len(held)) + held
    if isinstance(value, dict):
        pairs = b"".join(
            _encoded(key) + _encoded(each, WIDTHS.get(key, UINT32)) for key, each in value.items()
        )
        return _control(7, len(value)) + pairs
    return _control(11, len(value)) + b"".join(map(_encoded, value))


def _control(kind: int, size: int) -> bytes:
    assert size < 29 + 256
    first, more = (size, b"") if size < 29 else (29, bytes([size - 29]))
    return bytes([kind << 5 | first]) + more if kind < 8 else bytes([first, kind - 7]) + more
