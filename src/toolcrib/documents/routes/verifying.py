"""The route that checks whether the content of every version exists."""

from __future__ import annotations

from typing import Any

from fastapi import Request, Response

from toolcrib.documents import answers, schemas
from toolcrib.documents.responses import bare
from toolcrib.documents.routes.common import (
    CallerDep,
    DocumentsDep,
    checked,
    json_body,
    new_router,
)
from toolcrib.documents.service import findings, verifying
from toolcrib.kernel.deps import NowDep
from toolcrib.kernel.openapi import body_of

router = new_router()


@router.post(
    "/verify",
    response_model=answers.VerifyReport,
    openapi_extra=body_of(schemas.VerifyRequest, required=False),
)
async def verify(request: Request, docs: DocumentsDep, caller: CallerDep, now: NowDep) -> Response:
    """Compare rows and file store (administrators only). With `hashes` all content is read, which may take long. The
    response is 200 whatever is found: `is_sound` tells."""
    caller.me.require_admin()
    asked = checked(schemas.VerifyRequest, await json_body(request, optional=True))
    report = await verifying.verify(docs, hashes=asked.hashes, now=now)
    found: dict[str, Any] = {
        **report.as_dict(),
        "findings": [each.as_dict() for each in await findings.explain(docs, report)],
    }
    return bare(found)
