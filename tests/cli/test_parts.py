"""Parts from the command line."""

from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import Person, answer_of


def test_a_part_from_the_table_to_the_shelf(ann: Person, ben: Person, tmp_path: Path) -> None:
    def parts(person: Person, *arguments: str | Path, code: int = 0) -> str:
        return person.run("parts", *arguments, "--project", person.project, code=code).out

    table = tmp_path / "parts.csv"
    table.write_text("part_number,name,material,subsystem,type,amount\nFR-1,Plate,Steel,Arm,cnc,2\n")
    assert parts(ann, "import", table, "--dry-run") == "1 parts could be added.\n"
    assert parts(ann, "import", table) == "1 parts added.\n"
    bad = ann.run("parts", "import", "-", stdin="name\nx\n", code=None)
    assert bad.code != 0
    assert "line 2: material" in bad.err
    step = tmp_path / "plate.step"
    step.write_bytes(b"ISO-10303-21;")
    added = ("add", "Bolt", "--material", "Steel", "--subsystem", "Arm", "--number", "FR-2", "--step")
    assert "Added FR-2 Bolt" in parts(ann, *added, "turn:cnc", "--step", "deburr:hand", "--file", step)
    assert "revision 1" in parts(ann, "upload", "FR-1", step)
    assert "Approved FR-1 Plate A: cnc" in parts(ben, "approve", "FR-1", "FR-2")
    assert "FR-1" in parts(ben, "next", "--process", "cnc")
    assert "You make FR-1 Plate now (0 of 2)." in parts(ben, "take", "FR-1")
    taken = ann.run("parts", "take", "FR-1", "--json", code=None)
    assert answer_of(taken)["code"] == "claim_held"
    assert ben.name in taken.err
    assert "1 of 2, 1 scrapped" in parts(ben, "count", "FR-1", "1", "--scrapped", "1", "-m", "setup")
    step.write_bytes(b"ISO-10303-21; newer")
    assert "Whoever makes it is told." in parts(ann, "upload", "FR-1", step)
    assert "newer model" in ben.run("parts", "done", "FR-1", "--project", ben.project, code=None).err
    assert "revision 2" in parts(ben, "recheck", "FR-1")
    assert "is done: completed" in parts(ben, "done", "FR-1")
    shown = parts(ann, "show", "FR-1")
    assert "Reviewer: ben" in shown
    assert "completed" in shown
    old = tmp_path / "old.step"
    parts(ann, "download", "FR-1", old, "--revision", "1")
    assert old.read_bytes() == b"ISO-10303-21;"
    (listed,) = ann.json("parts", "ls", "--category", "completed", "--project", ann.project)
    assert (listed["part_number"], listed["assigned"]) == ("FR-1", "ben")
    parts(ben, "take", "FR-2")
    assert "deburr, reviewed" in parts(ben, "done", "FR-2")
    assert parts(ann, "export").splitlines()[0].startswith("id,part_number,name")
    assert "ben" in parts(ann, "stats")
    assert parts(ann, "rm", "FR-2") == f"Removed part {listed['id'] + 1}\n"
    gone = ann.run("parts", "show", "FR-2", "--project", ann.project, code=None)
    assert (gone.code != 0, "There is no part FR-2." in gone.err) == (True, True)
