"""Watches from the command line."""

from __future__ import annotations

from tests.cli.conftest import Person


def test_what_one_watches_is_listed_and_ended(ann: Person) -> None:
    clone = ann.new_clone()
    (clone.root / "Maps").mkdir()
    project = ann.project
    assert ann.run("watches").out == "You watch nothing.\n"
    done = ann.run("watch", ".", "a.png", cwd=clone.root / "Maps")
    assert done.out == f"You watch Maps in {project}.\nYou watch Maps/a.png in {project}.\n"
    assert ann.run("watch").out == f"You watch everything in {project}.\n"
    ann.run("watch", "Maps")  # again
    rows = ann.json("watches")
    assert [(row["scope"], row["path"]) for row in rows] == [
        (f"project:{project}", path) for path in ("", "Maps", "Maps/a.png")
    ]
    shown = ann.run("watches").out
    assert "everything" in shown
    assert project in shown
    refused = ann.run("unwatch", "Maps", "Sounds", code=1)
    assert f"You do not watch Sounds in {project}." in refused.err
    ended = ann.run("unwatch", "Maps", "Maps/a.png")
    assert (
        ended.out == f"You no longer watch Maps in {project}.\nYou no longer watch Maps/a.png in {project}.\n"
    )
    ann.run("unwatch")
    assert ann.json("watches") == []
