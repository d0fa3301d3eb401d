"""The route that sends a test mail."""

from __future__ import annotations

from fastapi import APIRouter

from toolcrib.kernel.deps import AdminDep, KernelDep, NowDep
from toolcrib.kernel.mail import MailTestStatus
from toolcrib.kernel.schema import Schema

router = APIRouter(tags=["configuration"])

_WORDS: dict[MailTestStatus, str] = {
    "SUCCESS": "The mail server took the test mail.",
    "FAILED": "The test mail could not be sent; the server's log says why.",
    "SKIPPED": "Mail is switched off.",
}


class MailTestResult(Schema):
    msg: str
    status: MailTestStatus


@router.post("/admin/test-email")
async def send_test_mail(kernel: KernelDep, _me: AdminDep, now: NowDep) -> MailTestResult:
    """Send a test mail to the first administrator, and wait for the result."""
    status = await kernel.mailer.test(now)
    return MailTestResult(msg=_WORDS[status], status=status)
