"""Times, addresses and tables: what people write and what they read."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime, timedelta

import pytest

from toolcrib.cli.core import output
from toolcrib.cli.core.accounts import from_lfs_url, lfs_host, lfs_url, server_url
from toolcrib.cli.core.durations import parse_duration, parse_moment, span
from toolcrib.cli.core.failures import CannotTell


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90),
        ("30m", 1800),
        ("2h", 7200),
        ("1d12h", 129_600),
        ("1.5h", 5400),
        ("2 H", 7200),
        ("1w", 604_800),
    ],
)
def test_lengths_of_time(text: str, seconds: int) -> None:
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "2", "h", "2x", "-2h", "0s", "0.1s", "99999d", "2h3"])
def test_what_is_no_length_of_time(text: str) -> None:
    with pytest.raises(ValueError, match=r"length of time|range"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (5, "5 s"),
        (89, "1 min"),
        (7199.8, "2 h"),
        (12_000, "3 h 20 min"),
        (187_200, "2 d 4 h"),
        (864_000, "10 d"),
    ],
)
def test_lengths_as_people_say_them(seconds: float, words: str) -> None:
    assert span(timedelta(seconds=seconds)) == words


def test_a_moment_without_offset_is_utc() -> None:
    expected = datetime(2026, 5, 1, 13, tzinfo=UTC)
    assert parse_moment("2026-05-01T13:00:00") == expected
    assert parse_moment("2026-05-01T15:00:00+02:00") == expected
    assert parse_moment("2026-05-01T13:00:00Z") == expected
    assert parse_moment(None) is None


@pytest.mark.parametrize(
    ("typed", "url"),
    [
        ("http://h:5000", "http://h:5000"),
        ("http://h:5000/api/", "http://h:5000"),
        ("https://h:443/crib/api", "https://h/crib"),
        ("h:5000", "http://h:5000"),
        ("http://ann:secret@h:5000/", "http://h:5000"),
        ("http://[::1]:5000/", "http://[::1]:5000"),
    ],
)
def test_addresses_are_reduced_to_the_server(typed: str, url: str) -> None:
    assert server_url(typed) == url


@pytest.mark.parametrize("typed", ["", "ftp://h", "http://", "http://h:x", "http://h:99999"])
def test_what_is_no_address(typed: str) -> None:
    with pytest.raises(CannotTell):
        server_url(typed)


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("http://h:5000/game.git/info/lfs", ("http://h:5000", "game")),
        ("http://ann@h:5000/studio/game.git/info/lfs/", ("http://h:5000", "studio/game")),
        ("http://h:5000/info/lfs", ("http://h:5000", None)),
        ("https://h/crib/game.git/info/lfs", ("https://h/crib", "game")),
        ("http://evil/h:5000/game.git/info/lfs", None),
        ("http://h:5000.evil/game.git/info/lfs", None),
    ],
)
def test_an_lfs_address_names_a_server_we_know_and_a_project(
    url: str, found: tuple[str, str | None] | None
) -> None:
    assert from_lfs_url(url, ["http://h:5000", "https://h/crib", "https://h"]) == found


def test_lfs_addresses() -> None:
    assert lfs_url("http://h:5000", "a/b") == "http://h:5000/a/b.git/info/lfs"
    assert lfs_url("http://h:5000", None) == "http://h:5000/info/lfs"
    assert lfs_host("https://h:8443/x/y.git/info/lfs") == "https://h:8443"
    assert lfs_host("git@h:x.git") is None


def test_other_peoples_text_cannot_drive_the_terminal() -> None:
    assert output.clean("a\x1b[31mb\nc\u202ed") == "a\\x1b[31mb c\\u202ed"
    assert output.clean("Größe 地図") == "Größe 地図"


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def shown(monkeypatch: pytest.MonkeyPatch, width: int, *, terminal: bool) -> str:
    screen = Terminal() if terminal else io.StringIO()
    monkeypatch.setattr("sys.stdout", screen)
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    path = "Content/Maps/Persistent/Level_01_Main.umap"
    rows = [(path, "ann", "13:05 (2 h)", "", "main", "rework of the whole north face, please ask first")]
    output.print_table(("Path", "Holder", "Since", "Until", "Branch", "Comment"), rows, empty="Nothing.")
    return screen.getvalue()


def test_a_table_on_a_wide_terminal_wraps_comments_and_never_paths(monkeypatch: pytest.MonkeyPatch) -> None:
    text = shown(monkeypatch, 100, terminal=True)
    assert "Content/Maps/Persistent/Level_01_Main.umap" in text
    assert "Until" not in text
    assert not re.search(r"\x1b\[[34]", text)
    assert all(len(re.sub(r"\x1b\[\d*m", "", line)) <= 100 for line in text.splitlines())


def test_on_a_narrow_terminal_each_row_is_a_block(monkeypatch: pytest.MonkeyPatch) -> None:
    first, *rest = shown(monkeypatch, 50, terminal=True).splitlines()
    assert first == "Content/Maps/Persistent/Level_01_Main.umap"
    assert rest[0] == "    holder ann, since 13:05 (2 h), branch main,"
    assert all(len(line) <= 50 for line in rest)


def test_a_pipe_gets_one_line_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    head, row = shown(monkeypatch, 40, terminal=False).splitlines()
    assert head.split() == ["PATH", "HOLDER", "SINCE", "BRANCH", "COMMENT"]
    assert row.startswith("Content/Maps/Persistent/Level_01_Main.umap  ann  ")
    assert row.endswith("please ask first")
