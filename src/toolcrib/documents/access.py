"""Who may do what in which bucket (document contract, sections 3 and 13)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, get_args

from sqlalchemy import select

from toolcrib.documents.audit import record_reading
from toolcrib.documents.caller import Caller
from toolcrib.documents.errors import ProjectServiceUnavailable
from toolcrib.documents.litter import Litter
from toolcrib.documents.paths import Bucket, Place
from toolcrib.documents.project_service import ProjectService, Question
from toolcrib.documents.service_client import forwarded_token
from toolcrib.kernel.context import Kernel
from toolcrib.kernel.identity.models import Project
from toolcrib.kernel.identity.principal import (
    RANK,
    UNSET_WINDOWS_NAMES,
    AccessDenied,
    Principal,
    Role,
    WindowsNames,
)

Action = Literal["read", "write", "delete", "lock", "validate"]
ACTIONS: tuple[Action, ...] = get_args(Action)
# In a registered project only admins decide about versions; in an unregistered one any member may.
NEEDED: dict[Action, Role] = {
    "read": "viewer",
    "write": "member",
    "delete": "member",
    "lock": "member",
    "validate": "admin",
}
SAID: dict[Action, str] = {
    "read": "look into",
    "write": "change documents in",
    "delete": "remove documents from",
    "lock": "lock documents in",
    "validate": "approve or reject versions in",
}
# A statement has at most 32,767 parameters on PostgreSQL.
NAMES_AT_ONCE = 5_000


def allows(role: Role | None, action: Action, *, registered: bool) -> bool:
    """Return whether a role in a project allows an action. An unregistered project has no admins."""
    needed: Role = NEEDED[action] if registered else min(NEEDED[action], "member", key=RANK.__getitem__)
    return role is not None and RANK[role] >= RANK[needed]


def _as_role_in(me: Principal, project: str, action: Action) -> bool:
    return allows(me.project_role(project), action, registered=project in me.projects)


def _own_scope(bucket: Bucket) -> str:
    return f"user:{bucket.id}" if bucket.type == "users" else f"company:{bucket.id}"


@dataclass(frozen=True, slots=True)
class Right:
    """Permission for what the caller asked to do. `scope` says who may see claims and events there; `authority` whether
    the caller may end the locks of others; `windows_names` what is done about new names that Windows cannot keep."""

    bucket: Bucket
    scope: str
    authority: bool
    litter: Litter
    windows_names: WindowsNames = UNSET_WINDOWS_NAMES

    @property
    def for_any_name(self) -> Right:
        """The same right where names are not new, so that they are not checked."""
        return replace(self, windows_names="allow")


@dataclass(frozen=True, slots=True)
class Refused:
    """No right; `reason` is a word, of the project service's own if it gives one."""

    reason: str = "insufficient_permissions"


@dataclass(frozen=True, slots=True)
class Allowed:
    """Buckets where the caller may do something. `warnings` says why some may be missing: a word for each reason."""

    buckets: set[Bucket]
    warnings: list[str]


class Access:
    """Checks rights: `require` for one bucket, `allowed` to filter many. Asks the project service if one is
    configured. That is a network call, so make it before a transaction that writes."""

    def __init__(self, kernel: Kernel) -> None:
        settings = kernel.settings
        self._kernel = kernel
        self._litter = Litter(settings.litter_names, settings.litter_max_bytes)
        self._service: ProjectService | None = None
        if settings.project_service_url and settings.use_project_service:
            self._service = ProjectService(settings.project_service_url, settings.project_service_seconds)

    @property
    def asks_service(self) -> bool:
        """Whether a project service decides about projects, and not the memberships kept here."""
        return self._service is not None

    async def require(
        self,
        caller: Caller,
        bucket: Bucket,
        action: Action,
        *,
        file_id: str | None = None,
        path: str = "",
        named: bool = True,
    ) -> Right:
        """Return the caller's right to `action` in `bucket`. A refusal is recorded in the audit; without `named` it
        does not tell the caller which bucket it is.

        Raises:
            AccessDenied: the caller may not (403).
            ProjectServiceUnavailable: the service gave no usable answer, so the caller may not (403).
        """
        try:
            right = await self._ask(caller, bucket, action, file_id)
        except AccessDenied as refusal:
            await self._remember(caller, Place(bucket, path), action, file_id, refusal.code)
            raise
        if isinstance(right, Refused):
            await self._remember(caller, Place(bucket, path), action, file_id, right.reason)
            where = f"{bucket.type}/{bucket.id}" if named else "the place of this file"
            text = f"You may not {SAID[action]} {where}."
            raise AccessDenied(text, {"reason": right.reason})
        return right

    async def may(self, caller: Caller, bucket: Bucket, action: Action) -> bool:
        """Do what `require` does, but return False instead of refusing; for showing what a person could do."""
        try:
            return isinstance(await self._ask(caller, bucket, action, None), Right)
        except AccessDenied:
            return False

    async def allowed(
        self, caller: Caller, buckets: Sequence[Bucket], action: Action = "read"
    ) -> set[Bucket]:
        """Return those of `buckets` where the caller may do `action`, with one request to the project service for all.

        Raises:
            ProjectServiceUnavailable: the service gave no usable answer (403).
        """
        projects = [bucket for bucket in buckets if bucket.type == "projects"]
        others = [bucket for bucket in buckets if bucket.type != "projects"]
        found = {bucket for bucket in others if caller.me.may(_own_scope(bucket))}
        if not projects:
            return found
        if self._service is not None:
            questions = [Question(bucket.id, action) for bucket in projects]
            answers = await self._service.check_all(questions, await forwarded_token(self._kernel, caller))
            return found | {
                bucket for bucket, answer in zip(projects, answers, strict=True) if answer.allowed
            }
        names = await self.project_names([bucket.id for bucket in projects])
        return found | {
            bucket for bucket in projects if _as_role_in(caller.me, names.get(bucket.id, bucket.id), action)
        }

    async def allowed_now(
        self, caller: Caller, buckets: Sequence[Bucket], action: Action = "read"
    ) -> Allowed:
        """Do what `allowed` does, but without an answer of the project service leave its projects out, with a
        warning."""
        try:
            return Allowed(await self.allowed(caller, buckets, action), [])
        except ProjectServiceUnavailable as failure:
            others = [bucket for bucket in buckets if bucket.type != "projects"]
            return Allowed(await self.allowed(caller, others, action), [failure.code])

    async def scope_of(self, bucket: Bucket) -> str:
        """Return the scope that says who may see claims and events of `bucket`."""
        return (await self.scopes_of([bucket]))[bucket]

    async def scopes_of(self, buckets: Sequence[Bucket]) -> dict[Bucket, str]:
        """Return `scope_of` for each of many buckets."""
        projects = [bucket.id for bucket in buckets if bucket.type == "projects"]
        names = await self.project_names(projects) if projects and self._service is None else {}
        family = "project" if self._service is None else "external"
        return {
            bucket: f"{family}:{names.get(bucket.id, bucket.id)}"
            if bucket.type == "projects"
            else _own_scope(bucket)
            for bucket in buckets
        }

    async def close(self) -> None:
        if self._service is not None:
            await self._service.close()

    # The rules

    async def _ask(
        self, caller: Caller, bucket: Bucket, action: Action, file_id: str | None
    ) -> Right | Refused:
        me = caller.me
        if not bucket.id:  # WebDAV's word for a name that is no project's
            return Refused()
        if bucket.type != "projects":
            scope = _own_scope(bucket)
            return Right(bucket, scope, me.may(scope, "admin"), self._litter) if me.may(scope) else Refused()
        if self._service is None:
            return await self._ask_memberships(me, bucket, action)
        answer = await self._service.check(
            Question(bucket.id, action, file_id), await forwarded_token(self._kernel, caller)
        )
        if not answer.allowed:
            return Refused(answer.reason) if answer.reason else Refused()
        # Only that service knows who may see this project, so its claims and events are not shown to anybody here.
        return Right(
            bucket, f"external:{bucket.id}", me.is_admin or answer.role in {"owner", "admin"}, self._litter
        )

    async def _ask_memberships(self, me: Principal, bucket: Bucket, action: Action) -> Right | Refused:
        names = await self.project_names([bucket.id])
        name = names.get(bucket.id, bucket.id)
        if not _as_role_in(me, name, action):
            return Refused()
        scope = f"project:{name}"
        windows_names = me.windows_names.get(name, UNSET_WINDOWS_NAMES)
        return Right(bucket, scope, me.may(scope, "admin"), self._litter, windows_names)

    async def project_names(self, ids: Sequence[str]) -> dict[str, str]:
        """Return the names of registered projects, including deleted ones, by id. Roles and scopes use names."""
        found: dict[str, str] = {}
        wanted = sorted(set(ids))
        async with self._kernel.database.read() as session:
            for start in range(0, len(wanted), NAMES_AT_ONCE):
                here = Project.id.in_(wanted[start : start + NAMES_AT_ONCE])
                for id_, name in await session.execute(select(Project.id, Project.name).where(here)):
                    found[id_] = name
        return found

    async def _remember(
        self, caller: Caller, place: Place, action: Action, file_id: str | None, reason: str
    ) -> None:
        now: datetime = self._kernel.clock()
        await record_reading(
            self._kernel.audit_lines,
            caller,
            "access_denied",
            place.address,
            file_id=file_id,
            now=now,
            details={"action": action, "reason": reason},
        )
