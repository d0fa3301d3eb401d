"""Read the triangles of a GLB file (glTF 2.0, one binary buffer) that the converter has written."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]

MAGIC = b"glTF"
_JSON, _BINARY = 0x4E4F534A, 0x004E4942
_TRIANGLES = 4
_INDEX_TYPES: dict[int, np.dtype[Any]] = {5121: np.dtype("u1"), 5123: np.dtype("<u2"), 5125: np.dtype("<u4")}
_FLOAT = 5126


class NoModel(Exception):
    """It is no GLB file, or has nothing to show."""


class Model:
    """`instances()` are the triangles of each mesh where the scene places it, in metres."""

    def __init__(self, path: Path) -> None:
        data = path.read_bytes()
        if data[:4] != MAGIC or len(data) < 20:
            raise NoModel
        self._document, self._binary = _chunks(data)
        if not self._document.get("meshes"):
            raise NoModel
        self._meshes = {at: list(self._of_mesh(each)) for at, each in enumerate(self._document["meshes"])}
        if not any(len(triangles) for mesh in self._meshes.values() for _, triangles in mesh):
            raise NoModel

    def _of_mesh(self, mesh: dict[str, Any]) -> Iterator[tuple[Floats, Indices]]:
        for primitive in mesh.get("primitives", ()):
            if primitive.get("mode", _TRIANGLES) != _TRIANGLES or "POSITION" not in primitive["attributes"]:
                continue
            positions = self._read(primitive["attributes"]["POSITION"]).astype(np.float64)
            if "indices" in primitive:
                corners = self._read(primitive["indices"]).astype(np.int64).ravel()
            else:
                corners = np.arange(len(positions), dtype=np.int64)
            triangles = corners[: len(corners) // 3 * 3].reshape(-1, 3)
            if len(triangles) and np.isfinite(positions).all():
                yield positions, triangles

    def _read(self, number: int) -> npt.NDArray[Any]:
        accessor = self._document["accessors"][number]
        view = self._document["bufferViews"][accessor["bufferView"]]
        of_vectors = accessor["type"] == "VEC3"
        component = accessor["componentType"]
        kind: np.dtype[Any] = np.dtype("<f4") if component == _FLOAT else _INDEX_TYPES[component]
        width = 3 if of_vectors else 1
        stride = view.get("byteStride") or width * kind.itemsize
        start = view.get("byteOffset", 0) + accessor.get("byteOffset", 0)
        count = accessor["count"]
        if start + (count - 1) * stride + width * kind.itemsize > len(self._binary):
            raise NoModel
        return np.ndarray((count, width), kind, self._binary, start, (stride, kind.itemsize))

    def instances(self) -> Iterator[tuple[Floats, Indices]]:
        scenes = self._document.get("scenes") or [{}]
        roots = scenes[self._document.get("scene", 0)].get("nodes", ())
        waiting = [(node, np.eye(4)) for node in roots]
        while waiting:
            number, above = waiting.pop()
            node = self._document["nodes"][number]
            place = above @ _matrix(node)
            waiting += [(child, place) for child in node.get("children", ())]
            if "mesh" in node:
                for positions, triangles in self._meshes[node["mesh"]]:
                    yield positions @ place[:3, :3].T + place[:3, 3], triangles


def _chunks(data: bytes) -> tuple[dict[str, Any], memoryview]:
    document: dict[str, Any] | None = None
    binary = memoryview(b"")
    at = 12
    while at + 8 <= len(data):
        size, kind = struct.unpack_from("<II", data, at)
        body = memoryview(data)[at + 8 : at + 8 + size]
        if kind == _JSON and document is None:
            document = json.loads(bytes(body))
        elif kind == _BINARY:
            binary = body
        at += 8 + size
    if document is None:
        raise NoModel
    return document, binary


def _matrix(node: dict[str, Any]) -> Floats:
    """Return where a node is placed in the one above it."""
    if "matrix" in node:
        return np.array(node["matrix"], dtype=np.float64).reshape(4, 4).T
    x, y, z, w = node.get("rotation", (0.0, 0.0, 0.0, 1.0))
    turned = np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )
    place = np.eye(4)
    place[:3, :3] = turned * np.array(node.get("scale", (1.0, 1.0, 1.0)))
    place[:3, 3] = node.get("translation", (0.0, 0.0, 0.0))
    return place
