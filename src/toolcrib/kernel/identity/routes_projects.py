"""Routes of registered projects and their members. A project is named by its id or its name."""

from __future__ import annotations

from typing import cast

from fastapi import APIRouter, Response

from toolcrib.kernel.arrays import ArrayDep, array
from toolcrib.kernel.clock import iso_format
from toolcrib.kernel.deps import KernelDep, NowDep, PrincipalDep, ReadSessionDep, SessionDep
from toolcrib.kernel.identity import projects, provider_roles, users
from toolcrib.kernel.identity.models import Project
from toolcrib.kernel.identity.principal import UNSET_WINDOWS_NAMES, Principal
from toolcrib.kernel.identity.schemas import (
    NewProject,
    NewProjectRole,
    ProjectChange,
    ProjectMemberRead,
    ProjectRead,
)
from toolcrib.kernel.identity.tokens import as_uuid
from toolcrib.kernel.long_answers import Page
from toolcrib.kernel.openapi import refusals

router = APIRouter(prefix="/projects", tags=["projects"])


def _read(project: Project, members: int, me: Principal) -> ProjectRead:
    return ProjectRead(
        id=project.id,
        name=project.name,
        company_id=project.company_id,
        role=me.project_role(project.name),
        members=members,
        created_at=iso_format(project.created_at),
        case_clashes=project.case_clashes or "refuse",
        windows_names=project.windows_names or UNSET_WINDOWS_NAMES,
    )


def _project_and_user(project: str, username: str) -> tuple[str, str]:
    """Return what `/projects/…/members/…` names. Both may contain slashes; a project's id does not, so that a person
    whose name contains `/members/` can be named with it."""
    first, found, rest = project.partition("/members/")
    return (first, f"{rest}/members/{username}") if found and as_uuid(first) else (project, username)


@router.get("", response_model=list[ProjectRead])
async def list_projects(kernel: KernelDep, me: PrincipalDep, wanted: ArrayDep) -> Response:
    """List the projects the caller has a role in, by name: all of them, or up to `limit` with the header
    `X-Next-Cursor`. `q` is a part of the name; a search looks at a few thousand projects for one answer."""

    async def read(me: Principal, after: str | None, limit: int) -> Page[str]:
        async with kernel.database.read() as session:
            page, following = await projects.list_projects(session, me, wanted.q, after=after, limit=limit)
        return [_read(project, members, me).model_dump(mode="json") for project, members in page], following

    return await array(kernel, me, read, wanted)


@router.post("", status_code=201, responses=refusals(404, 409))
async def create_project(
    *, body: NewProject, kernel: KernelDep, session: SessionDep, me: PrincipalDep, now: NowDep
) -> ProjectRead:
    """Register a project. The caller becomes its owner."""
    async with kernel.database.read() as look:
        name_use = await projects.read_name_use(look, body.name, me)
    project = await projects.create_project(
        session,
        body.name,
        company_id=str(body.company_id) if body.company_id else None,
        me=me,
        settings=kernel.settings,
        now=now,
        name_use=name_use,
    )
    return _read(project, 1, me).model_copy(update={"role": "owner"})


@router.get("/{project_id:path}/members", response_model=list[ProjectMemberRead])
async def list_members(project_id: str, kernel: KernelDep, me: PrincipalDep, wanted: ArrayDep) -> Response:
    """List members by username: all of them, or up to `limit` with the header `X-Next-Cursor`."""

    async def read(me: Principal, after: str | None, limit: int) -> Page[str]:
        async with kernel.database.read() as session:
            project = await projects.get_project(session, me, project_id)
            page, following = await projects.list_members(
                session, project, wanted.q, after=after, limit=limit
            )
            target = provider_roles.of_project(project.id)
            through = await provider_roles.through_groups(session, target, [user.id for user, _ in page])
        shown = [
            {
                "username": user.username,
                "uuid": user.uuid,
                "role": role,
                "from_provider": user.id in through,
            }
            for user, role in page
        ]
        return shown, following

    return await array(kernel, me, read, wanted)


@router.put("/{project_id:path}/members/{username:path}")
async def set_member(
    *,
    project_id: str,
    username: str,
    body: NewProjectRole,
    session: SessionDep,
    me: PrincipalDep,
    now: NowDep,
) -> ProjectMemberRead:
    """Add a member, or change their role."""
    project_id, username = _project_and_user(project_id, username)
    project = await projects.get_project(session, me, project_id, "admin")
    user = await users.get_by_name(session, username)
    await projects.set_member(session, project, user, body.role, me=me, now=now)
    return ProjectMemberRead(username=user.username, uuid=user.uuid, role=body.role, from_provider=False)


@router.delete("/{project_id:path}/members/{username:path}", status_code=204, responses=refusals(409))
async def remove_member(
    *, project_id: str, username: str, session: SessionDep, me: PrincipalDep, now: NowDep
) -> Response:
    """Remove a member, or leave."""
    project_id, username = _project_and_user(project_id, username)
    project = await projects.get_project(session, me, project_id)
    user = await users.get_by_name(session, username)
    await projects.remove_member(session, project, user, me=me, now=now)
    return Response(status_code=204)


# After those of members: a name may contain slashes, and would take in the rest of their addresses.


@router.get("/{project_id:path}")
async def show_project(project_id: str, session: ReadSessionDep, me: PrincipalDep) -> ProjectRead:
    return _read(*await projects.describe(session, me, project_id), me)


@router.patch("/{project_id:path}")
async def change_project(
    project_id: str, body: ProjectChange, session: SessionDep, me: PrincipalDep, now: NowDep
) -> ProjectRead:
    """Change a project's settings: for its owners and admins."""
    project = await projects.get_project(session, me, project_id, "admin")
    changes = cast("projects.ProjectSettings", body.model_dump(exclude_none=True))
    await projects.change_project(session, project, changes, me=me, now=now)
    await session.flush()
    return _read(*await projects.describe(session, me, project.id), me)


@router.delete("/{project_id:path}", status_code=204, responses=refusals(409))
async def delete_project(project_id: str, session: SessionDep, me: PrincipalDep, now: NowDep) -> Response:
    project = await projects.get_project(session, me, project_id, "owner")
    await projects.delete_project(session, project, me=me, now=now)
    return Response(status_code=204)
