"""How parts can refuse. What stands in `Beside` is at the top level of the answer on the contract's paths."""

from __future__ import annotations

from typing import Any

from toolcrib.kernel.problems import Conflict, InvalidRequest, NotFound, Problem


class Beside(dict[str, Any]):
    """Keys that a refusal has beside the text (parts contract)."""


class PartNotFound(NotFound):
    code = "part_not_found"


class Refused(Problem):
    """A refusal whose status the contract fixes."""

    code, status = "invalid_request", 400

    def __init__(self, status: int, code: str, text: str, beside: dict[str, Any]) -> None:
        super().__init__(text, Beside(beside))
        self.code, self.status = code, status  # type: ignore[misc]


def refusal(status: int, code: str, text: str, /, **beside: Any) -> Refused:
    """A refusal with this status, code and text; `beside` are further keys of the JSON."""
    return Refused(status, code, text, beside)


class PartChanged(Conflict):
    """Somebody changed the part since the caller read it. `details.part` is what it is now."""

    code = "part_changed"


class NotApproved(Conflict):
    code = "part_not_approved"


class NotTaken(Conflict):
    """Nobody holds the part: take it first."""

    code = "part_not_taken"


class PartCompleted(Conflict):
    code = "part_completed"


class NotCompleted(Conflict):
    code = "part_not_completed"


class PartBlocked(Conflict):
    """Something is in the way of making the part: `details.reason` says what."""

    code = "part_blocked"


class NotBlocked(Conflict):
    code = "part_not_blocked"


class RevisionOutdated(Conflict):
    """A newer model came after the part was taken. Look at it first, or override with a reason."""

    code = "revision_outdated"


class ReviewerIsAuthor(Conflict):
    """This project wants another person to approve what somebody added."""

    code = "reviewer_is_author"


class ReasonNeeded(InvalidRequest):
    code = "reason_needed"


class UnknownReason(InvalidRequest):
    """Scrap has one of the project's reason codes: `details.reasons`."""

    code = "unknown_reason"


class NoLastStep(Conflict):
    """The project wants nothing after a part is made, or it is done already."""

    code = "no_last_step"


class NotEnoughMaterial(Conflict):
    code = "not_enough_material"


class UnknownThing(InvalidRequest):
    """A machine, vendor, material, step or person that is not there."""

    code = "unknown_thing"


class NameTaken(Conflict):
    code = "name_taken"


class InUse(Conflict):
    code = "in_use"


class ImportProblems(InvalidRequest):
    """Lines of the table cannot be taken, so none was: `details.problems`."""

    code = "import_problems"


class FileNotFound(NotFound):
    code = "file_not_found"
