"""Solids and faces are counted in STEP files of any kind, a chunk at a time."""

from __future__ import annotations

import io
import tracemalloc

import pytest

from tests.parts.models import step_files
from toolcrib.parts.converter.step_counts import CHUNK, KEPT, StepCounts, count


def _count(text: bytes) -> StepCounts:
    return count(io.BytesIO(text))


def _file(data: str, header: str = "") -> bytes:
    return f"ISO-10303-21;\nHEADER;\n{header}\nENDSEC;\nDATA;\n{data}\nENDSEC;\nEND-ISO-10303-21;\n".encode()


def test_what_a_file_defines_counts_once() -> None:
    assert _count(step_files.box(1, 2, 3)) == StepCounts(True, 1, 6)
    assert _count(step_files.grid(7)) == StepCounts(True, 7, 42)
    assert _count(step_files.nested(5)) == StepCounts(True, 1, 6)


@pytest.mark.parametrize(
    "data",
    [
        "#1=PRODUCT('MANIFOLD_SOLID_BREP(ADVANCED_FACE','','',(#2));",
        "#1=PRODUCT('it''s a MANIFOLD_SOLID_BREP','''','',(#2));",
        "/* #1=ADVANCED_FACE('',(#2),#3,.T.); ' */ #1=A();",
        "#1=A('/*'); #2=B('*/');",
        "#1=MY_ADVANCED_FACE(); #2=ADVANCED_FACES(); #3=ADVANCED_FACE_2(); #4=!ADVANCED_FACE();",
        "#1=A(.ADVANCED_FACE.);",
        "/* never closed #1=ADVANCED_FACE();",
        "#1=A('never closed); #1=ADVANCED_FACE();",
    ],
)
def test_names_in_strings_and_comments_and_other_names_do_not_count(data: str) -> None:
    assert _count(_file(data)) == StepCounts(True, 0, 0)


def test_only_the_data_counts() -> None:
    header = "FILE_NAME('DATA;','',('ADVANCED_FACE'),(''),'','','');\n/* DATA; ADVANCED_FACE() */ #1=ADVANCED_FACE();"
    assert _count(_file("#1 = ADVANCED_FACE ( '' ) ;\n#2=\nFACETED_BREP\n(#3);", header)) == StepCounts(
        True, 1, 1
    )
    assert _count(_file("#1=(A()FACE_SURFACE('')ADVANCED_FACE('')B());")) == StepCounts(True, 0, 2)


@pytest.mark.parametrize("shift", range(-KEPT - 2, 22, 3))
def test_names_across_the_end_of_a_chunk_count_once(shift: int) -> None:
    start = _file("").partition(b"DATA;\n")[0] + b"DATA;\n"
    filler = b" " * (CHUNK - len(start) + shift)
    middle = (
        b"#1=MANIFOLD_SOLID_BREP('',#2);#3=ADVANCED_FACE('''',(#4));/* ADVANCED_FACE */#5=ADVANCED_FACE();"
    )
    assert _count(start + filler + middle) == StepCounts(True, 1, 2)


def test_what_is_no_step_file_is_told_apart() -> None:
    for text in (b"", b"%PDF-1.7", b"\x00" * 100, b"PK\x03\x04" + b"x" * 100, b"ISO-10303-2", b"solid cube"):
        assert not _count(text).is_step
    assert _count(b"\xef\xbb\xbf /* a comment */\r\nISO-10303-21 ;").is_step


def test_huge_lines_and_strings_need_no_memory() -> None:
    long = b"'" + b"x" * 40 * CHUNK + b"ADVANCED_FACE"
    text = _file("").replace(b"DATA;\n", b"DATA;\n#1=A(" + long + b"');#2=ADVANCED_FACE();")
    file = io.BytesIO(text)
    tracemalloc.start()
    try:
        assert count(file) == StepCounts(True, 0, 1)
        assert tracemalloc.get_traced_memory()[1] < 8 * CHUNK
    finally:
        tracemalloc.stop()
