"""JSON that is parsed as it arrives means what it means as a whole, and others are served meanwhile."""

from __future__ import annotations

import asyncio
import json
from contextlib import nullcontext
from typing import Any

import pytest
from fastapi import Request
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from toolcrib.kernel.json_bodies import read_long_model
from toolcrib.kernel.json_scan import MAX_NUMBER, MAX_TEXT, MAX_VALUES, BadJson, ObjectReader, check_text

TEXTS = st.text(alphabet='ab"\\,:[]{} \u0416\U0001f512\n', max_size=8)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**12), 10**12)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)
OBJECTS = st.dictionaries(TEXTS, VALUES, max_size=4)


def read(text: bytes, size: int) -> dict[str, Any]:
    reader = ObjectReader()
    for start in range(0, len(text), size):
        reader.feed(text[start : start + size])
    return reader.finish()


@given(OBJECTS, st.booleans(), st.integers(1, 40), st.sampled_from([None, 1]))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_in_pieces_it_is_the_same_object(
    found: dict[str, Any], escaped: bool, size: int, indent: int | None
) -> None:
    text = json.dumps(found, ensure_ascii=escaped, indent=indent).encode()
    assert read(text, size) == found


@given(OBJECTS, st.integers(0, 200), st.binary(max_size=2), st.integers(1, 40))
@settings(max_examples=100, deadline=None, derandomize=True)
def test_in_pieces_it_is_as_wrong(found: dict[str, Any], at: int, damage: bytes, size: int) -> None:
    text = json.dumps(found).encode()
    at = min(at, len(text))
    text = text[:at] + damage + text[at + 1 :]
    try:
        whole = json.loads(text.decode())
    except ValueError:
        whole = None
    if isinstance(whole, dict) and b"\\u" not in text and b"NaN" not in text and b"Infinity" not in text:
        assert read(text, size) == whole
    elif not isinstance(whole, dict):
        with pytest.raises(ValueError):
            read(text, size)


@pytest.mark.parametrize("size", [1_000, 65_536])
def test_lists_longer_than_a_piece_are_whole(size: int) -> None:
    found = {"a": 1, "paths": [f"{n}" + '\\x",' * 50 for n in range(3_000)], "b": [[1, [2]], {"c": []}] * 50}
    assert read(json.dumps(found).encode(), size) == found
    for end in (b",]}", b"]]}", b"}}", b"]", b"]}}", b',"b":1]}'):
        with pytest.raises(ValueError):
            read(json.dumps(found).encode().removesuffix(b"]}") + end, size)


@pytest.mark.parametrize(
    "text",
    [
        b'{"a":' + b"[" * 100,
        b'{"a":[' + b"0," * (MAX_VALUES + 1),
        b'{"a":{"b":[' + b"{}," * MAX_VALUES,
        b'{"a":"' + b"x" * (MAX_TEXT + 1),
        b'{"a":"' + b'\\"' * MAX_TEXT,
        b'{"a":' + b"9" * (MAX_NUMBER + 1) + b"}",
        b'{"a":' + b" " * 3_000_000,
    ],
)
def test_what_is_beyond_the_bounds_is_refused(text: bytes) -> None:
    with pytest.raises(BadJson):
        read(text + b" ", 65_536)


@pytest.mark.parametrize(
    ("text", "is_whole"),
    [
        (rb'"\ud83d\ude00 \u00e9\n\ud7ff\ue000"', True),
        (rb'"\\ud83d \\\\ude00"', True),
        (rb'"\ud83d"', False),
        (rb'"\uDE00"', False),
        (rb'"\ud83d\\ude00"', False),
        (rb'"\ud83d \ude00"', False),
        (rb'"\\\ud83d\n"', False),
        (rb'"\ud83d\ud83d\ude00"', False),
        (b'"\xed\xa0\x80"', False),
        ('"\u0416\ud7ff\U0001f512"'.encode(), True),
    ],
)
def test_half_characters_are_refused(text: bytes, is_whole: bool) -> None:
    with nullcontext() if is_whole else pytest.raises(BadJson):
        check_text(text)


class Paths(BaseModel):
    paths: list[str]


async def test_others_are_served_while_a_long_body_is_read() -> None:
    """As often as another piece of it is parsed: a whole body at once would hold everybody up."""
    paths = ["x" * 1_000] * 10_000
    body = json.dumps({"paths": paths}).encode()
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    counting = asyncio.create_task(others())
    found = await read_long_model(Request({"type": "http"}, receive), Paths)
    counting.cancel()
    assert found.paths == paths
    assert turns > len(body) / 100_000
