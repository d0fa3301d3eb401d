"""Short-lived authorisation for one transfer of one object, issued by `objects/batch`.

The client sends it with the transfer instead of the person's credentials, so that hundreds of transfers do not need to
authenticate each, and an address with another host name does not cause a password prompt.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Literal

import orjson

from toolcrib.kernel.identity.derived import Proof
from toolcrib.kernel.identity.principal import Unauthorized
from toolcrib.kernel.secrets import Secrets, Signatures

LIFETIME = timedelta(minutes=15)
SCHEME = "LFS-Ticket"

Operation = Literal["upload", "download"]


@dataclass(frozen=True)
class Ticket:
    """Whoever showed the credential of `proof` may do `operation` on this object of `scope` until `expires` (seconds
    since 1970), as long as that credential is valid."""

    operation: Operation
    scope: str
    oid: str
    size: int
    proof: Proof
    expires: int


class Tickets:
    def __init__(self, secrets: Secrets) -> None:
        self._signatures = Signatures(secrets, "lfs transfers")

    def issue(
        self, operation: Operation, scope: str, oid: str, size: int, *, proof: Proof, now: datetime
    ) -> str:
        """Return the ticket as the value of an Authorization header."""
        expires = int((now + LIFETIME).timestamp())
        ticket = Ticket(operation, scope, oid, size, proof, expires)
        text = urlsafe_b64encode(orjson.dumps(asdict(ticket)))
        return f"{SCHEME} {text.decode()}.{self._signatures.sign(text)}"

    def read(self, authorization: str | None, *, now: datetime) -> Ticket | None:
        """Return the ticket in an Authorization header; None if it contains something else.

        Raises:
            Unauthorized: the ticket was not issued by this server, or has expired (401).
        """
        scheme, _, value = (authorization or "").partition(" ")
        if scheme != SCHEME:
            return None
        text, _, signature = value.strip().encode().partition(b".")
        if not self._signatures.is_valid(text, signature):
            raise Unauthorized("The transfer's authorisation is not valid.")
        try:
            ticket = Ticket(**orjson.loads(urlsafe_b64decode(text)))
        except TypeError:  # of an earlier release, in another form
            raise Unauthorized("The transfer's authorisation is not valid any more.") from None
        if now.timestamp() >= ticket.expires:
            raise Unauthorized("The transfer's authorisation has expired.")
        return ticket
