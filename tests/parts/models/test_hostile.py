"""Large and hostile STEP files: the server stays well, and remembers what came of them. `make hostile` runs these."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from tests.parts.models import step_files
from tests.parts.models.converters import converters_of
from toolcrib.parts.conversion.outcomes import TEXTS

if TYPE_CHECKING:
    from tests.parts.models.models import Models

pytestmark = [pytest.mark.hostile, pytest.mark.databases("sqlite")]


@pytest.fixture
def alive(models: Models) -> Iterator[Models]:
    """The server answers afterwards, and nothing is left of the converters."""
    yield models
    assert models.crib.client().get("/health").status_code == 200
    models.settle()
    assert not converters_of(os.getpid())


def _ended(models: Models, content: bytes) -> str:
    """Upload it; what came of it is remembered. Returns `done`, or why not."""
    part = models.part()
    models.outcome(part, content)
    models.settle()  # an upload does not wait longer than CONVERT_TIMEOUT, its turn included
    model = models.get(f"{part}/model")
    assert len(models.events(part, "conversion_started")) == 1
    if model.status_code == 200:
        assert model.content.startswith(b"glTF")
        return "done"
    assert model.status_code == 422, model.text
    return next(problem for problem, text in TEXTS.items() if text == model.json()["details"])


def test_a_large_file_is_converted(own_models: Callable[..., Models]) -> None:
    models = own_models(CONVERT_TIMEOUT="170")
    models.old.timeout = 175
    content = step_files.grid(1500)
    assert len(content) > 7_000_000
    part = models.converted(content)
    figures = models.figures(part)
    assert (figures["solids"], figures["faces"]) == (1500, 9000)
    assert figures["bounding_box"]["size_mm"] == pytest.approx([1499 * 15 + 10, 10, 10], rel=1e-3)


def test_a_file_as_large_as_allowed_with_little_in_it(alive: Models) -> None:
    box = step_files.box(7, 8, 9.5)
    filler = b"/*" + b"ADVANCED_FACE ' " * (3 * 2**20) + b"*/\n"
    # Nothing forbids such a comment; the library has a limit of its own for it.
    assert _ended(alive, box.replace(b"DATA;\n", b"DATA;\n" + filler)) in {"done", "unreadable", "crashed"}
    assert alive.upload(alive.part(), b" " * (51 * 2**20)).status_code == 413


@pytest.mark.parametrize("seed", range(12))
def test_damaged_files(alive: Models, seed: int) -> None:
    choose = random.Random(seed)
    content = bytearray(step_files.box(5, 6, 7 + seed / 100))
    for _ in range(1 + seed):
        content[choose.randrange(300, len(content))] = choose.choice(b"#0123456789,()'$*.;\x00\xff")
    if seed % 4 == 3:
        del content[choose.randrange(1000, len(content)) :]
    _ended(alive, bytes(content))


def test_entities_that_contain_themselves(alive: Models) -> None:
    assert _ended(alive, step_files.nested(2, is_endless=True)) != "done"
    box = step_files.box(5, 6, 8.25)
    shell = next(line for line in box.splitlines() if b"CLOSED_SHELL" in line)
    number = shell.partition(b"=")[0]
    for name in (b"CLOSED_SHELL('',(", b"EDGE_LOOP('',(", b"ADVANCED_FACE('',("):
        _ended(alive, box.replace(name, name + number + b",", 1))


def test_small_files_of_enormous_assemblies(own_models: Callable[..., Models]) -> None:
    models = own_models(CONVERT_TIMEOUT="8", CONVERT_MEMORY_MB="512")
    for depth, width in ((20, 2), (6, 12), (60, 2)):
        assert _ended(models, step_files.nested(depth, width)) in {"too_long", "no_memory", "crashed"}
    assert _ended(models, step_files.nested(3)) == "done"
    assert not converters_of(os.getpid())
