"""The caller of a service function: who makes the request, and from where, whichever protocol it uses."""

from __future__ import annotations

from dataclasses import dataclass

from toolcrib.kernel.identity.principal import Principal
from toolcrib.kernel.requester import Requester


@dataclass(frozen=True, slots=True)
class Caller:
    """`token` is the JSON Web Token the caller showed, if that is what they showed: it is forwarded to the
    project service. Address and program go into the audit."""

    me: Principal
    ip_address: str | None = None
    user_agent: str | None = None
    token: str | None = None

    @property
    def requester(self) -> Requester:
        return Requester(self.me.username, self.me.uuid, self.ip_address, self.user_agent)
