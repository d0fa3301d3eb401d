"""What an administrator may do who must set up two-step sign-in first (the setting ADMINS_NEED_OTP)."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.identity.models import User
from toolcrib.kernel.identity.second_factors import has_factor
from toolcrib.kernel.problems import Forbidden
from toolcrib.kernel.route_paths import route_path
from toolcrib.settings import Settings

# To see who they are, to enrol, and to sign out.
_ROUTES = re.compile(r"/api/(whoami|currentuser|session|auth/logout|users/me/otp(/.*)?)$")


class OtpEnrolmentRequired(Forbidden):
    """Administrators need a second factor here: set one up first, under `/api/users/me/otp`."""

    code = "otp_enrolment_required"

    @classmethod
    def first(cls) -> OtpEnrolmentRequired:
        return cls("Administrators need two-step sign-in here. Set it up under Settings first.")


async def must_enrol(session: AsyncSession, settings: Settings, user: User) -> bool:
    """Return whether this person must set up two-step sign-in before anything else."""
    if not (settings.admins_need_otp and user.is_admin and user.password_hash is not None):
        return False
    return not await has_factor(session, user.id)


def require_enrolment_route(scope: Any) -> None:
    """Refuse all but the routes for enrolling and signing out. `scope` is the ASGI scope.

    Raises:
        OtpEnrolmentRequired: the request is for another route (403).
    """
    if not _ROUTES.match(route_path(scope) or ""):
        raise OtpEnrolmentRequired.first()
