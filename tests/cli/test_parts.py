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


def test_a_number_that_is_another_parts_id_names_neither(ann: Person) -> None:
    def add(*more: str) -> int:
        given = ("--material", "Steel", "--subsystem", "Arm", "--project", ann.project)
        return int(ann.json("parts", "add", "Plate", *given, *more)["id"])

    first = add()
    named = add("--number", str(first))
    other = add("--number", "90210")
    at = ("--project", ann.project)
    assert ann.json("parts", "show", "90210", *at)["id"] == other
    assert ann.json("parts", "show", str(other), *at)["id"] == other
    both = ann.run("parts", "show", str(first), *at, code=None)
    assert (both.code, f"id:{named}, id:{first}" in both.err) == (2, True)
    assert ann.json("parts", "show", f"id:{first}", *at)["id"] == first
    assert "There is no part" in ann.run("parts", "show", "id:x", *at, code=None).err


def test_a_part_is_found_among_however_many_look_like_it(ann: Person) -> None:
    lines = "".join(f"FR-1{number},Steel,Arm\n" for number in range(520))
    at = ("--project", ann.project)
    ann.run("parts", "import", "-", *at, stdin=f"part_number,material,subsystem\nFR-1,Steel,Arm\n{lines}")
    assert ann.json("parts", "show", "fr-1", *at)["part_number"] == "FR-1"
    assert len(ann.json("parts", "ls", *at)) == 521


def test_what_is_missing_is_said_before_anything_is_added(ann: Person, tmp_path: Path) -> None:
    at = ("--project", ann.project)
    given = ("parts", "add", "Plate", "--material", "Steel", "--subsystem", "Arm", *at)
    assert "cannot be read" in ann.run(*given, "--file", tmp_path / "none.step", code=None).err
    assert "is no day" in ann.run(*given, "--due", "9999-12-31T23:59-14:00", code=None).err
    assert ann.json("parts", "ls", *at) == []


def test_scrap_alone_counts_nothing_as_made(ann: Person, tmp_path: Path) -> None:
    at = ("--project", ann.project)
    ann.run(
        "parts",
        "add",
        "Plate",
        "--material",
        "Steel",
        "--subsystem",
        "Arm",
        "--number",
        "S-1",
        "-n",
        "5",
        *at,
    )
    ann.run("parts", "approve", "S-1", *at)
    ann.run("parts", "take", "S-1", *at)
    counted = ann.json("parts", "count", "S-1", "--scrapped", "1", "-m", "setup", *at)["quantities"]
    assert (counted["made"], counted["scrapped"]) == (0, 1)
    assert ann.json("parts", "count", "S-1", *at)["quantities"]["made"] == 1
    model, drawing = tmp_path / "a.step", tmp_path / "b.pdf"
    model.write_bytes(b"ISO-10303-21;")
    drawing.write_bytes(b"%PDF-1.7")
    for file in (model, drawing, model):
        assert f"{file.name} is revision 1" in ann.run("parts", "upload", "S-1", file, *at).out
