"""Lists of projects, companies and members of any length come in pages, complete and in order."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from sqlalchemy import insert, select

from toolcrib.kernel.identity.models import Company, Project, ProjectMember, User

if TYPE_CHECKING:
    from tests.servers.inprocess import AppServer

Start = Callable[..., Awaitable["AppServer"]]
MANY = 3_000


async def test_long_lists_are_sent_in_pieces(app_server: Start) -> None:
    crib = await app_server()
    ann, ben, admin = await crib.user("ann"), await crib.user("ben"), await crib.admin()
    project = (await ann.post("/api/projects", json={"name": "all"})).json()
    company = (await admin.post("/api/companies", json={"name": "all of us"})).json()
    now = crib.clock()
    names = [f"person-{number:05}" for number in range(MANY)]
    async with crib.kernel.database.write() as session:
        people = [
            {"username": name, "is_admin": False, "created_at": now, "company_id": company["id"]}
            for name in names
        ]
        await session.execute(insert(User), [{**each, "company_role": "member"} for each in people])
        new = await session.execute(select(User.id).where(User.company_id == company["id"]))
        members = [{"project_id": project["id"], "user_id": id_, "role": "member"} for (id_,) in new]
        await session.execute(insert(ProjectMember), members)
        groups = [{"name": f"group-{number:05}", "created_at": now} for number in range(MANY)]
        await session.execute(insert(Company), groups)
        await session.execute(insert(Project), groups)
        made = await session.scalars(select(Project.id).where(Project.name.startswith("group-")))
        ann_id = (await session.scalars(select(User.id).where(User.username == "ann"))).one()
        owned = [{"project_id": id_, "user_id": ann_id, "role": "owner"} for id_ in made]
        await session.execute(insert(ProjectMember), owned)
    of_project, of_company = (
        f"/api/projects/{project['id']}/members",
        f"/api/companies/{company['id']}/members",
    )
    grown = [f"group-{number:05}" for number in range(MANY)]
    for client, url, key, expected in (
        (ann, "/api/projects", "name", ["all", *grown]),
        (admin, "/api/companies", "name", ["all of us", *grown]),
        (ann, of_project, "username", ["ann", *names]),
        (admin, of_company, "username", names),
    ):
        answer = await client.get(url)
        assert [each[key] for each in answer.json()] == expected
        assert "content-length" not in answer.headers  # nobody held the whole list
    assert (await ben.get("/api/projects")).json() == []
    for url in (of_project, of_company):
        assert (await ben.get(url)).status_code == 404
