"""Folders in the project's bucket."""

from __future__ import annotations

from tests.answers.play import ANONYMOUS, Play
from tests.answers.scenes.documents import BASE, in_project, put
from tests.answers.server import ADMIN


def play(p: Play) -> None:
    folders = f"{BASE}/folders"
    who = f"{ANONYMOUS} stan vera hank"
    p.ask(f"{who} hank", "POST", folders, json=in_project(p, "plans/old"))
    p.ask("hank", "POST", folders, "below a file", json=in_project(p, "docs/a.txt/x"))
    p.ask("hank", "POST", folders, "nothing", json={})
    put(p, "mia", in_project(p, "plans/old/one.txt"))
    put(p, "mia", in_project(p, "plans/two.txt"))
    bucket = {"bucket": "projects", "id": p.made["project"]}
    p.ask(f"{who} paul {ADMIN}", "GET", folders, params=bucket)
    p.ask("hank", "GET", folders, "below", params={**bucket, "path": "plans"})
    p.ask("hank", "GET", folders, "none", params={**bucket, "path": "none"})
    p.ask("hank", "GET", folders, "nothing")
    p.ask("mia", "POST", f"{BASE}/lock", "in a folder", json=in_project(p, "plans/old/one.txt"))
    move = {**in_project(p, "plans"), "target_path": "older"}
    p.ask("hank", "POST", f"{folders}/move", "with another's lock", json=move)
    p.ask(
        "hank", "DELETE", folders, "with another's lock", json={**in_project(p, "plans"), "recursive": True}
    )
    p.ask("mia", "POST", f"{BASE}/unlock", "in a folder", json=in_project(p, "plans/old/one.txt"))
    p.ask(who, "POST", f"{folders}/move", json=move)
    p.ask(
        "hank",
        "POST",
        f"{folders}/move",
        "into itself",
        json={**in_project(p, "older"), "target_path": "older/x"},
    )
    p.ask("hank", "POST", f"{folders}/move", "gone", json=move)
    p.ask("hank", "DELETE", folders, "not empty", json=in_project(p, "older"))
    p.ask(who, "DELETE", folders, json={**in_project(p, "older"), "recursive": True})
    p.ask("hank", "DELETE", folders, "gone", json=in_project(p, "older"))
