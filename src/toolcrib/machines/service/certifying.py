"""Short-lived certificates by which people sign in on the machines that they have."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog

from toolcrib.kernel.context import Kernel
from toolcrib.kernel.identity.principal import AccessDenied, Principal
from toolcrib.kernel.problems import InvalidRequest
from toolcrib.machines.errors import NoCertificates, NoCredential, ReservationOver
from toolcrib.machines.hosts.certificates import fingerprint, principal_of, sign
from toolcrib.machines.models import State
from toolcrib.machines.reservation_views import Certificate
from toolcrib.machines.service import access, managing
from toolcrib.machines.service.pool_keys import KeyName, find_key, make_key
from toolcrib.machines.wanted import keys_of

log = structlog.get_logger()

# Hosts' clocks may be behind.
LEEWAY = timedelta(minutes=5)


async def certify(
    kernel: Kernel, me: Principal, reservation_id: str, public_key: str | None, *, now: datetime
) -> Certificate:
    """Sign a public key, by default the caller's first that the reservation has. The certificate never outlives the
    reservation; after it was extended, there are longer ones.

    Raises:
        ReservationNotFound: (404).
        AccessDenied: the machines are neither the caller's nor shared with them (403).
        NoCertificates, ReservationOver: (409).
        InvalidRequest, NoCredential: this is no public key, or there is none (400).
    """
    async with kernel.database.read() as session:
        row = await managing.find(session, me, reservation_id)
        ca = await find_key(session, kernel.secrets, KeyName.CA)
    own_keys = keys_of(row.access).get(me.uuid)
    if row.holder_uuid != me.uuid and own_keys is None:
        raise AccessDenied(f"Only {row.holder} may do this.")
    if not row.access.get("certificate"):
        raise NoCertificates("The reservation was made without certificates.")
    if row.state not in (State.PREPARING, State.READY) or row.ends_at is None or row.ends_at <= now:
        raise ReservationOver(f"The reservation is {row.state}.")
    chosen = public_key or next(iter(own_keys or ()), None)
    if chosen is None:
        raise NoCredential("Give a public key to be signed.")
    (checked,) = access.check_keys([chosen])
    if ca is None:
        async with kernel.database.write() as session:
            ca = await make_key(session, kernel.secrets, KeyName.CA, now)
    lifetime = timedelta(minutes=kernel.settings.machines_certificate_minutes)
    # Certificates count whole seconds.
    until = min(row.ends_at, now + lifetime).replace(microsecond=0)
    try:
        signed = sign(
            ca.private,
            checked,
            principal=principal_of(row.id, me.uuid),
            valid_from=now - LEEWAY,
            valid_until=until,
        )
    except ValueError as broken:
        raise InvalidRequest(str(broken)) from None
    key = fingerprint(checked)
    log.info("certificate_signed", reservation=row.id, person=me.username, key=key, until=until.isoformat())
    return Certificate(certificate=signed, valid_until=until)
