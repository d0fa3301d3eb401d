"""Routes with which other services ask who may do what in a project (document contract, section 13)."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import FailFast, Field

from toolcrib.documents.access import NEEDED, Action, allows
from toolcrib.documents.caller import Caller
from toolcrib.documents.errors import ValidationFailed
from toolcrib.documents.paths import as_uuid
from toolcrib.documents.routes.common import CallerDep, DocumentsDep
from toolcrib.kernel.json_bodies import read_model
from toolcrib.kernel.openapi import body_of
from toolcrib.kernel.schema import Schema

router = APIRouter(tags=["documents"])

MAX_CHECKS = 1_000


class AccessCheck(Schema):
    project_id: str
    action: Action
    file_id: str | None = None


class BatchedCheck(Schema):
    """One of many questions. An unknown `action` is answered with no, so that the others are still answered."""

    project_id: str
    action: str | None = None
    file_id: str | None = None


class AccessChecks(Schema):
    checks: Annotated[list[BatchedCheck], Field(max_length=MAX_CHECKS), FailFast()]


@router.post("/check-file-access", openapi_extra=body_of(AccessCheck))
async def check(request: Request, docs: DocumentsDep, caller: CallerDep) -> dict[str, Any]:
    """Tell whether the caller may do this in a project, by the memberships registered here."""
    body = await read_model(request, AccessCheck)
    names = await docs.access.project_names([_id(caller, body)])
    return _answer(caller, body, names)


@router.post("/check-file-access/batch", openapi_extra=body_of(AccessChecks))
async def check_batch(request: Request, docs: DocumentsDep, caller: CallerDep) -> dict[str, Any]:
    """Answer many questions at once, in their order."""
    body = await read_model(request, AccessChecks)
    names = await docs.access.project_names([_id(caller, each) for each in body.checks])
    return {
        "results": [
            {"project_id": each.project_id, "action": each.action, **_answer(caller, each, names)}
            for each in body.checks
        ]
    }


def _id(caller: Caller, asked: AccessCheck | BatchedCheck) -> str:
    """Return the id of the project, which may be named."""
    return caller.me.project_id(asked.project_id) or asked.project_id


def _answer(caller: Caller, asked: AccessCheck | BatchedCheck, names: dict[str, str]) -> dict[str, Any]:
    if asked.action not in NEEDED:
        return {"allowed": False, "reason": "unknown_action"}
    try:
        project_id = as_uuid(_id(caller, asked), "project_id")
    except ValidationFailed:
        return {"allowed": False, "reason": "unknown_project"}
    name = names.get(project_id, project_id)
    role = caller.me.project_role(name)
    if allows(role, asked.action, registered=name in caller.me.projects):
        return {"allowed": True, "role": role}
    return {"allowed": False, "reason": "insufficient_permissions"}
