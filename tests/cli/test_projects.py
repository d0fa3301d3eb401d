"""`toolcrib project`, and what the command line says about names that Windows cannot keep."""

from __future__ import annotations

from collections.abc import Callable

from tests.cli.conftest import Person


def test_a_projects_settings_are_shown_and_changed(person: Callable[..., Person]) -> None:
    ann, ben = person("project-ann"), person("project-ben")
    ann.client.post("/api/projects", json={"name": "project-gears"}).raise_for_status()
    assert ann.json("project", "list")[0]["windows_names"] == "warn"
    ann.run("project", "set", "project-gears", "--windows-names", "refuse")
    assert "You are in no project." in ben.run("project", "list").out
    (ann.cwd / "a.txt").write_text("a", encoding="utf-8")
    assert "device" in ann.run("docs", "put", "a.txt", "project-gears:CON.txt", code=1).err
    changed = ann.run("project", "set", "project-gears", "--windows-names", "warn", "--case-clashes", "allow")
    assert changed.out == "project-gears: locks that differ in case: allow; names not for Windows: warn.\n"
    assert (
        "There is no such project"
        in ben.run("project", "set", "project-gears", "--case-clashes", "warn", code=1).err
    )
    assert "Say what to change" in ann.run("project", "set", "project-gears", code=2).err
    assert "Windows cannot keep CON.txt" in ann.run("docs", "put", "a.txt", "project-gears:CON.txt").err
