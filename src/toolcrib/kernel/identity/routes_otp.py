"""Routes for two-step sign-in: people set it up for themselves, administrators reset it."""

from __future__ import annotations

from urllib.parse import urlsplit

from fastapi import APIRouter, Request, Response

from toolcrib.kernel.clock import iso_format
from toolcrib.kernel.deps import AdminDep, KernelDep, NowDep, PrincipalDep, ReadSessionDep, SessionDep
from toolcrib.kernel.forwarding import client_address
from toolcrib.kernel.identity import second_factors, self_service
from toolcrib.kernel.identity.schemas import RowId
from toolcrib.kernel.identity.schemas_otp import (
    CurrentPassword,
    OtpCode,
    OtpEnrolment,
    OtpState,
    PasswordAndOtp,
    RecoveryCodes,
)
from toolcrib.kernel.identity.users import OwnAccount, get_user
from toolcrib.kernel.openapi import refusals

router = APIRouter(tags=["own account"])
admin_router = APIRouter(prefix="/admin/users", tags=["accounts"])


@router.get("/users/me/otp")
async def show(session: ReadSessionDep, me: PrincipalDep, kernel: KernelDep) -> OtpState:
    """Say whether two-step sign-in is on."""
    user = await get_user(session, me.id)
    enabled_at, left = await second_factors.state(session, me.id)
    has_password = user.password_hash is not None
    return OtpState(
        enabled=enabled_at is not None,
        enabled_at=iso_format(enabled_at) if enabled_at else None,
        recovery_codes_left=left,
        is_available=has_password,
        is_required=kernel.settings.admins_need_otp and user.is_admin and has_password,
    )


@router.post("/users/me/otp", status_code=201, responses=refusals(409))
async def begin(
    body: CurrentPassword, request: Request, kernel: KernelDep, me: PrincipalDep, now: NowDep
) -> OtpEnrolment:
    """Begin to set up two-step sign-in: the response holds the secret for the app. It is on once a first code has
    confirmed that the app has it."""
    proved = await self_service.prove(kernel.auth.sign_in, me, body.current_password, client_address(request))
    site = urlsplit(request.app.state.site.url(request.scope, "/")).netloc
    async with kernel.database.write() as session:
        made = await second_factors.begin(
            session, kernel.secrets, proved, label=f"{proved.username}@{site}", now=now
        )
    return OtpEnrolment(secret=made.secret, uri=made.uri)


@router.put("/users/me/otp", responses=refusals(409))
async def confirm(
    body: OtpCode, kernel: KernelDep, session: SessionDep, me: PrincipalDep, now: NowDep
) -> RecoveryCodes:
    """Turn two-step sign-in on with a first code of the app. The recovery codes are in this response only."""
    user = await get_user(session, me.id)
    codes = await second_factors.confirm(session, kernel.secrets, user, body.otp, now=now)
    return RecoveryCodes(recovery_codes=codes)


@router.post("/users/me/otp/recovery-codes", status_code=201, responses=refusals(404))
async def replace_recovery_codes(
    body: PasswordAndOtp, request: Request, kernel: KernelDep, me: PrincipalDep, now: NowDep
) -> RecoveryCodes:
    """Make new recovery codes; the former ones are void. The codes are in this response only."""
    proved = await self_service.prove_both(
        kernel.auth.sign_in, me, body.current_password, body.otp, client_address(request)
    )
    async with kernel.database.write() as session:
        codes = await second_factors.new_recovery_codes(session, proved, now=now)
    return RecoveryCodes(recovery_codes=codes)


@router.post("/users/me/otp/disable", status_code=204, responses=refusals(404))
async def disable(
    body: PasswordAndOtp, request: Request, kernel: KernelDep, me: PrincipalDep, now: NowDep
) -> Response:
    """Turn two-step sign-in off."""
    proved = await self_service.prove_both(
        kernel.auth.sign_in, me, body.current_password, body.otp, client_address(request)
    )
    async with kernel.database.write() as session:
        await second_factors.remove(session, proved, verb="otp_disabled", actor=proved.username, now=now)
    return Response(status_code=204)


@admin_router.delete("/{user_id}/otp", status_code=204)
async def reset(user_id: RowId, session: SessionDep, me: AdminDep, now: NowDep) -> Response:
    """Turn off the two-step sign-in of somebody who has lost the app and the recovery codes."""
    user = await get_user(session, user_id)
    if user.id == me.id:
        raise OwnAccount("Turn off your own two-step sign-in under Settings, with a code.")
    await second_factors.remove(session, user, verb="otp_reset", actor=me.username, now=now)
    return Response(status_code=204)
