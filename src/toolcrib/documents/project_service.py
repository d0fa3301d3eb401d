"""Ask another service who may do what in a project (document contract, section 13)."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from toolcrib.documents.errors import ProjectServiceUnavailable
from toolcrib.documents.service_client import NoAnswer, ServiceClient
from toolcrib.kernel.long_work import pieces

log = structlog.get_logger()

# Of a batch, so that neither question nor answer grows with the number of projects.
AT_ONCE = 500

# What of its reasons is shown to callers: words, no sentences that may contain what is its own.
_WORD = re.compile("[A-Za-z][A-Za-z0-9_.-]{0,63}")


@dataclass(frozen=True, slots=True)
class Question:
    project_id: str
    action: str
    file_id: str | None = None

    def as_dict(self) -> dict[str, str]:
        shown = {"project_id": self.project_id, "action": self.action}
        return shown if self.file_id is None else {**shown, "file_id": self.file_id}


@dataclass(frozen=True, slots=True)
class Answer:
    """`reason` is the service's own word for a refusal."""

    allowed: bool
    role: str | None = None
    reason: str | None = None


class ProjectService:
    """A client of the project service. Any failure counts as no."""

    def __init__(self, url: str, timeout_seconds: float) -> None:
        self._client = ServiceClient(url, timeout_seconds)

    async def check(self, question: Question, token: str) -> Answer:
        """Ask the project service whether a person may do something with a file.

        Raises:
            ProjectServiceUnavailable: it did not answer in time, or not in the documented form (403).
        """
        return _answer(await self._post("/check-file-access", question.as_dict(), token))

    async def check_all(self, questions: Sequence[Question], token: str) -> list[Answer]:
        """Return the answers in the order of `questions`.

        Raises:
            ProjectServiceUnavailable: it did not answer in time, or not in the documented form (403).
        """
        return [
            answer for piece in pieces(questions, AT_ONCE) for answer in await self._check_some(piece, token)
        ]

    async def _check_some(self, questions: Sequence[Question], token: str) -> list[Answer]:
        body = {"checks": [question.as_dict() for question in questions]}
        found = await self._post("/check-file-access/batch", body, token)
        results = found.get("results")
        if not isinstance(results, list) or len(results) != len(questions):
            raise self._unavailable("malformed")
        answers = []
        for question, result in zip(questions, results, strict=True):
            if (
                not isinstance(result, dict)
                or result.get("project_id", question.project_id) != question.project_id
            ):
                raise self._unavailable("malformed")
            answers.append(_answer(result))
        return answers

    async def close(self) -> None:
        await self._client.close()

    async def _post(self, path: str, body: dict[str, Any], token: str) -> dict[str, Any]:
        try:
            status, answer = await self._client.post(path, body, token)
        except NoAnswer as failure:
            raise self._unavailable(str(failure)) from None
        if status != 200:
            raise self._unavailable(str(status))
        try:
            found = json.loads(answer)
        except (ValueError, RecursionError):
            raise self._unavailable("not JSON") from None
        if not isinstance(found, dict):
            raise self._unavailable("malformed")
        return found

    def _unavailable(self, why: str) -> ProjectServiceUnavailable:
        log.warning("project_service_unavailable", why=why)
        return ProjectServiceUnavailable("The project service gave no usable response.")


def _answer(found: dict[str, Any]) -> Answer:
    role, reason = found.get("role"), found.get("reason")
    return Answer(
        found.get("allowed") is True,
        role if isinstance(role, str) else None,
        reason if isinstance(reason, str) and _WORD.fullmatch(reason) else None,
    )
