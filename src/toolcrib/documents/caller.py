"""The caller of a service function: who makes the request, and from where, whichever protocol it uses."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from toolcrib.kernel.identity.principal import Principal
from toolcrib.kernel.requester import Requester


@dataclass(frozen=True, slots=True)
class Caller:
    """The caller. `token` is their JSON Web Token if they sent one; it is forwarded to the project service. Address and
    client program are written to the audit.

    `keeps_names` is set for WebDAV programs: a document comes back to a name that it left, by a MOVE or DELETE of
    theirs, if they fill the name again within this time. `warnings` collects what the answer warns of.
    """

    me: Principal
    ip_address: str | None = None
    user_agent: str | None = None
    token: str | None = None
    keeps_names: timedelta | None = None
    warnings: list[str] = field(default_factory=list, compare=False)

    def warn(self, text: str) -> None:
        if text not in self.warnings:
            self.warnings.append(text)

    @property
    def requester(self) -> Requester:
        return Requester(self.me.username, self.me.uuid, self.ip_address, self.user_agent)
