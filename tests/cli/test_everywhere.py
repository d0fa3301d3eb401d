"""What a person finds without knowing the project or the folder."""

from __future__ import annotations

from collections.abc import Callable

from tests.cli.conftest import Person


def elsewhere(person: Person, project: str) -> Person:
    """The same person, in no clone and with no project named."""
    person.env = {name: value for name, value in person.env.items() if name != "TOOLCRIB_PROJECT"}
    assert project
    return person


def test_locks_of_every_project_are_listed_outside_of_a_clone(ann: Person, ben: Person, project: str) -> None:
    branches = {"branch": "fix", "upstream_branch": "feature/fix", "project": project}
    ann.client.post("/api/locks", json={"asset_path": "Art/hero.psd", **branches}).raise_for_status()
    ben.run("lock", "Art/tree.psd", "--project", f"{project}-2", "--new-project")
    closed = f"{project}-closed"
    ben.client.post("/api/projects", json={"name": closed}).raise_for_status()
    ben.run("lock", "secret.psd", "--project", closed)
    rows = elsewhere(ann, project).json("locks")
    found = {(row["project"], row["asset_path"], row["locked_by"]) for row in rows}
    assert {(project, "Art/hero.psd", "ann"), (f"{project}-2", "Art/tree.psd", "ben")} <= found
    assert closed not in {row["project"] for row in rows}
    mine = ann.run("locks", "Art", "--mine").out
    assert f"{project}  " in mine
    assert "fix (feature/fix)" in mine
    assert "tree.psd" not in mine
    assert [row["asset_path"] for row in ann.json("locks", "--project", project)] == ["Art/hero.psd"]


def test_a_thing_is_found_by_its_file_name(ann: Person, ben: Person, project: str) -> None:
    name = f"{project}.psd"
    ann.run("lock", f"Art/{name}")
    said = ben.run("hold", "who", name).out
    assert f"Art/{name} is held by ann" in said
    assert f"in {project}" in said
    assert "Nobody holds" in ben.run("hold", "who", name[1:], code=1).err


def test_documents_have_their_path_in_events_and_are_found_by_name(
    person: Callable[..., Person], project: str
) -> None:
    ida = person("ida")  # of this test alone: all lines about her are looked at
    ida.client.post("/api/projects", json={"name": project}).raise_for_status()
    file = ida.home / f"{project}.txt"
    file.write_text("x")
    place = f"{project}:specs/{file.name}"
    ida.run("docs", "put", file, place)
    ida.run("docs", "lock", place)
    assert f"specs/{file.name} is held by ida" in ida.run("hold", "who", file.name).out
    ida.run("docs", "unlock", place)
    ida.run("docs", "rm", place)
    lines = [line for line in ida.run("events", "--kind", "document", "-n", "50").out.splitlines() if line]
    assert lines
    assert all("/specs" in line for line in lines if project in line or "  ida  " in line), lines


def test_the_version(ann: Person) -> None:
    assert ann.run("version").out == ann.run("-V").out == ann.run("--version").out
    assert ann.json("version")["version"] in ann.run("version").out
