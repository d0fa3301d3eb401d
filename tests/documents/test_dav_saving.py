"""Programs that save by renaming, in the orders in which they do it: what they save is the next version."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from tests.documents.envelope import succeeded
from tests.documents.webdav import Dav, address, claims_of, numbers
from tests.servers.crib import Person

if TYPE_CHECKING:
    from tests.clock import FakeClock

pytestmark = pytest.mark.databases("sqlite")

OLD, NEW = b"old bytes", b"new bytes"


@dataclass
class Program:
    """What a program sends to save. A step is a method and the names it is about, `@` is the document's. At `…`
    somebody else tries to save there. `locks`: the program locked the document when it opened it. `shows`:
    it shows the token of that lock also when it fills the name. `leftovers` are the files that it leaves beside it."""

    steps: str
    locks: bool = False
    shows: bool = True
    leftovers: dict[str, bytes] = field(default_factory=dict)


SAVES = {
    "word": Program(
        "PUT ~WRD1.tmp; MOVE @ ~WRL2.tmp; …; MOVE ~WRD1.tmp @; DELETE ~WRL2.tmp; UNLOCK @", locks=True
    ),
    "word without showing its token": Program(
        "PUT ~WRD1.tmp; MOVE @ ~WRL2.tmp; …; MOVE ~WRD1.tmp @; DELETE ~WRL2.tmp", locks=True, shows=False
    ),
    "excel": Program(
        "PUT 4B2C1A00; MOVE @ 5D3E2B11.tmp; …; MOVE 4B2C1A00 @; DELETE 5D3E2B11.tmp; UNLOCK @", locks=True
    ),
    "excel that deletes": Program("PUT 4B2C1A00; DELETE @; …; MOVE 4B2C1A00 @; UNLOCK @", locks=True),
    "libreoffice": Program("LOCK @; PUT @; UNLOCK @"),
    "gvfs": Program("PUT .goutputstream-X1Y2Z3; MOVE .goutputstream-X1Y2Z3 @"),
    "gvfs with a backup": Program(
        "PUT .goutputstream-X1Y2Z3; MOVE @ @~; …; MOVE .goutputstream-X1Y2Z3 @", leftovers={"@~": OLD}
    ),
    "davfs2, vim": Program("PUT-EMPTY 4913; DELETE 4913; MOVE @ @~; …; LOCK @; PUT @; UNLOCK @; DELETE @~"),
    "emacs": Program("MOVE @ @~; …; PUT-EMPTY @; PUT @", leftovers={"@~": OLD}),
    "emacs again": Program("COPY @ @~; MOVE @ @~; …; PUT @", leftovers={"@~": OLD}),
    "kde": Program("PUT @.part; DELETE @; …; MOVE @.part @"),
    "rclone": Program("PUT @.1a2b3c4d.partial; MOVE @.1a2b3c4d.partial @"),
    "rsync": Program("PUT .@.Xy12Za; MOVE .@.Xy12Za @"),
    "macos": Program(
        "MKCOL @.sb-1a2b-c3; PUT @.sb-1a2b-c3/@; MOVE @ @.sb-1a2b-c3/old; …; MOVE @.sb-1a2b-c3/@ @; DELETE @.sb-1a2b-c3"
    ),
    "finder": Program("DELETE @; …; PUT-EMPTY @; LOCK @; PUT @; UNLOCK @"),
    "delete, put": Program("DELETE @; …; PUT @"),
    "backup deleted first": Program("PUT t.tmp; MOVE @ b.bak; DELETE b.bak; …; MOVE t.tmp @"),
    "copied over": Program("PUT t.tmp; COPY t.tmp @; DELETE t.tmp"),
    "moved away, copied over": Program(
        "PUT t.tmp; MOVE @ b.bak; …; COPY t.tmp @; DELETE t.tmp; DELETE b.bak"
    ),
    "backup moved on": Program("PUT t.tmp; MOVE @ b; MOVE b c; …; MOVE t.tmp @; DELETE c"),
}


def run(dav: Dav, others: Dav, folder: str, name: str, program: Program, *, held: bool) -> None:
    token = dav.token(f"{folder}/{name}") if program.locks else ""

    for step in program.steps.split("; "):
        verb, *paths = step.replace("@", name).split()
        paths = [f"{folder}/{each}" for each in paths]
        tagged = (
            {"If": f"<{dav.url(f'{folder}/{name}')}> (<{token}>)"}
            if token and (program.shows or paths[:1] == [f"{folder}/{name}"])
            else {}
        )
        match verb:
            case "…":
                if held or token:
                    assert others.put(f"{folder}/{name}", b"theirs").status_code == 423
                continue
            case "PUT":
                answer = dav.put(paths[0], NEW, **tagged)
            case "PUT-EMPTY":
                answer = dav.put(paths[0], b"", **tagged)
            case "MOVE" | "COPY":
                answer = dav.send(verb, *paths, **tagged)
            case "LOCK":
                token = dav.token(paths[0])
                continue
            case "UNLOCK":
                answer = dav.unlock(paths[0], token)
                token = ""
            case _:
                answer = dav(verb, paths[0], **tagged)
        assert answer.is_success, (step, answer.status_code, answer.text)


def names_in(person: Person, folder: str) -> list[str]:
    listed = person.get("/list", bucket="companies", id=person.company, path=folder).json()["files"]
    return [each["logical_path"].removeprefix(f"{folder}/") for each in listed]


@pytest.mark.parametrize(
    ("which", "held"), [pytest.param(each, bool(n % 2), id=each) for n, each in enumerate(SAVES)]
)
def test_a_save_is_the_next_version_of_the_document(
    ann: Person, carla: Person, shared: Dav, others: Dav, which: str, held: bool
) -> None:
    """With its id, status and properties and, if it is `held`, the lock that was taken on the page."""
    program = SAVES[which]
    folder, name = uuid4().hex, "spec.docx"
    path = f"{folder}/{name}"
    file_id = ann.stored(path, b"first", bucket="companies")["file_id"]
    ann.stored(path, OLD, bucket="companies")
    carla.committed(file_id, b"proposed")
    shared.write(path, colour="red")
    if held:
        succeeded(ann.post("/lock", **ann.at(path, "companies"), reason="mine"))
    run(shared, others, folder, name, program, held=held)

    file = ann.metadata(path, "companies")["file"]
    assert (file["id"], file["status"]) == (file_id, "pending_validation")
    assert numbers(ann, path, "companies") == [4, 3, 2, 1]
    assert shared.text(path) == NEW
    assert "{urn:x}colour" in shared.properties(path)
    left = {each: shared.text(f"{folder}/{each}") for each in names_in(ann, folder)}
    assert left == {name: NEW, **{key.replace("@", name): text for key, text in program.leftovers.items()}}
    claims = claims_of(ann)
    if held:
        assert [(claim["label"], claim["comment"]) for claim in claims] == [(address(ann, path), "mine")]
        assert others.put(path, b"theirs").status_code == 423
    else:
        assert claims == []


# Empty beginnings


@pytest.mark.parametrize(
    "steps",
    [
        "LOCK @; PUT @; UNLOCK @",  # davfs2, LibreOffice
        "PUT-EMPTY @; LOCK @; PUT @; UNLOCK @",  # Finder
        "LOCK @; PUT-EMPTY @; PUT @; UNLOCK @",
        "PUT-EMPTY @; PUT @",  # gvfs, Windows
    ],
)
def test_a_new_file_has_one_version(ann: Person, shared: Dav, others: Dav, steps: str) -> None:
    folder = uuid4().hex
    shared("MKCOL", folder)
    run(shared, others, folder, "a.txt", Program(steps), held=False)
    assert numbers(ann, f"{folder}/a.txt", "companies") == [1]
    assert shared.text(f"{folder}/a.txt") == NEW


def test_an_empty_version_that_stays_is_a_version(
    ann: Person, carla: Person, flying_clock: FakeClock, shared: Dav, others: Dav
) -> None:
    waits, theirs, program = [f"{uuid4().hex}.txt" for _ in range(3)]
    for path in (waits, theirs, program):
        shared.put(path, b"")
    others.put(theirs, NEW)
    shared.put(program, NEW, User_Agent="another/1")
    flying_clock.advance(seconds=61)
    shared.put(waits, NEW)
    assert [numbers(ann, path, "companies") for path in (waits, theirs, program)] == [[2, 1]] * 3
