"""Requests and responses about two-step sign-in. Unknown keys are ignored."""

from __future__ import annotations

from toolcrib.kernel.identity.schemas import Otp, Secret
from toolcrib.kernel.schema import Schema


class CurrentPassword(Schema):
    current_password: Secret


class OtpCode(Schema):
    otp: Otp


class PasswordAndOtp(Schema):
    current_password: Secret
    otp: Otp


class OtpState(Schema):
    """Whether two-step sign-in is on, and since when. `is_available` is false for accounts without a password;
    `is_required` is true where the server asks it of this person."""

    enabled: bool
    enabled_at: str | None
    recovery_codes_left: int
    is_available: bool
    is_required: bool


class OtpEnrolment(Schema):
    """What the app is told, by QR code (`uri`) or typed (`secret`). It cannot be shown again."""

    secret: str
    uri: str


class RecoveryCodes(Schema):
    """Codes that stand in for the app, each once. They cannot be shown again."""

    recovery_codes: list[str]
