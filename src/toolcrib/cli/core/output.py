"""Printing: tables for people, JSON for programs. Text that others wrote never controls the terminal."""

import json
import os
import shutil
import sys
import textwrap
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any, TextIO

READABLE = 16  # a column may be narrowed to this many characters


def clean(text: str) -> str:
    """Return `text` safe to print: other people's comments and paths must not control the reader's terminal."""
    if text.isprintable():
        return text
    return "".join(
        one
        if one.isprintable()
        else " "
        if one in "\r\n\t"
        else one.encode("unicode_escape", "replace").decode()
        for one in text
    )


def print_text(text: str) -> None:
    """Print text for people on standard output. Its line breaks are kept, each line is cleaned."""
    _print("\n".join(clean(line) for line in text.split("\n")), sys.stdout)


def warn(text: str) -> None:
    """Print a remark that is not the answer, on standard error."""
    _print("\n".join(clean(line) for line in text.split("\n")), sys.stderr)


def print_json(value: Any, *, stream: TextIO | None = None, lines: bool = False) -> None:
    """Print a value as JSON: indented for a terminal, else (or with `lines`) on one line."""
    out = stream or sys.stdout
    indent = 2 if out.isatty() and not lines else None
    _print(json.dumps(value, ensure_ascii=not _takes_unicode(out), indent=indent), out)


def _takes_unicode(out: TextIO) -> bool:
    return (out.encoding or "").lower().replace("-", "") == "utf8"


def _print(text: str, out: TextIO) -> None:
    encoding = out.encoding or "utf-8"
    out.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")
    out.flush()


def print_table(columns: Sequence[str], rows: Iterable[Sequence[Any]], *, empty: str) -> None:
    """Print rows for people. The first column (a path, a name) is never broken or cut.

    On a terminal too narrow for that, each row becomes a short block with the first column on its own line.
    Into a pipe, each row is one line with aligned columns, however long.
    """
    cells = [[clean("" if cell is None else str(cell)) for cell in row] for row in rows]
    if not cells:
        print_text(empty)
        return
    used = [index for index in range(len(columns)) if index == 0 or any(row[index] for row in cells)]
    heads = [columns[index] for index in used]
    cells = [[row[index] for index in used] for row in cells]
    if not sys.stdout.isatty():
        _print(_aligned(heads, cells), sys.stdout)
    elif _narrowest(heads, cells) > (width := shutil.get_terminal_size().columns):
        _print(_blocks(heads, cells, width), sys.stdout)
    else:
        _rich(heads, cells)


def _width(text: str) -> int:
    """Return how many columns `text` takes on a terminal: wide characters take two, combining ones none."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(one) else 2 if unicodedata.east_asian_width(one) in "WF" else 1
        for one in text
    )


def _aligned(heads: list[str], cells: list[list[str]]) -> str:
    lines = [[head.upper() for head in heads], *cells]
    widths = [max(_width(line[index]) for line in lines) for index in range(len(heads))]
    return "\n".join(
        "  ".join(cell + " " * (widths[index] - _width(cell)) for index, cell in enumerate(line)).rstrip()
        for line in lines
    )


def _narrowest(heads: list[str], cells: list[list[str]]) -> int:
    """Return the width below which a table would break its first column or make the others unreadable."""
    first = max(_width(row[0]) for row in cells)
    rest = sum(
        min(READABLE, max(_width(word) for row in [heads, *cells] for word in (row[index].split() or [""])))
        for index in range(1, len(heads))
    )
    return first + rest + 3 * len(heads)


def _blocks(heads: list[str], cells: list[list[str]], width: int) -> str:
    wrap = textwrap.TextWrapper(
        max(width, 20),
        initial_indent=" " * 4,
        subsequent_indent=" " * 4,
        break_on_hyphens=False,
        break_long_words=False,
    )
    lines: list[str] = []
    for first, *others in cells:
        named = zip(heads[1:], others, strict=True)
        lines += [first, *wrap.wrap(", ".join(f"{head.lower()} {cell}" for head, cell in named if cell))]
    return "\n".join(lines)


def _rich(heads: list[str], cells: list[list[str]]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    grid = Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False)
    for index, head in enumerate(heads):
        grid.add_column(head, no_wrap=index == 0, overflow="fold", style="cyan" if index == 0 else None)
    for row in cells:
        grid.add_row(*(Text(cell) for cell in row))
    Console(highlight=False, no_color="NO_COLOR" in os.environ or None).print(grid)
