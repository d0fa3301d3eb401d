"""The written reference says what the commands say."""

from __future__ import annotations

from pathlib import Path

from toolcrib.cli.reference import reference

PAGE = Path(__file__).parents[2] / "docs" / "cli.md"


def test_the_reference_is_what_the_commands_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == reference(), (
        "run: .venv/bin/python -m toolcrib.cli.reference > docs/cli.md"
    )


def test_older_spellings_are_not_advertised() -> None:
    assert not {"acquire", "currentuser", "configure", "--backend"} & set(reference().split())
