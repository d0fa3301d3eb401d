"""What this process keeps about parts: the shared key, and the account that stands for it."""

from __future__ import annotations

import hmac
import sys
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import select

from toolcrib.kernel.identity.enrolment import OtpEnrolmentRequired
from toolcrib.kernel.identity.models import User
from toolcrib.kernel.identity.principal import Principal, Unauthorized
from toolcrib.kernel.identity.users import UsernameTaken, create_user
from toolcrib.kernel.secrets import make_once
from toolcrib.parts.models import KIND
from toolcrib.settings import Settings

if TYPE_CHECKING:
    from toolcrib.kernel.context import Kernel

log = structlog.get_logger()

SERVICE_ACCOUNT = "parts-shop"
DEVELOPMENT = "development"
KEY_FILE = "parts.key"


class Shop:
    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self._account: Principal | None = None
        self._key = (kernel.settings.app_key or _development_key(kernel.settings)).encode()

    def is_app_key(self, shown: str) -> bool:
        """Whether `shown` is the key that all browsers of the workshop share."""
        return bool(self._key) and hmac.compare_digest(shown.encode("utf-8", "surrogatepass"), self._key)

    @property
    def key_digest(self) -> bytes:
        """Names the shared key without telling it."""
        return sha256(self._key).digest()

    @property
    def scope(self) -> str:
        """Where the contract's routes work (section 13)."""
        settings = self.kernel.settings
        return f"project:{settings.parts_project or settings.default_project}"

    async def service_account(self) -> Principal | None:
        """Return the account that the shared key stands for; it is made when it is first used. None if an
        administrator has disabled it. It has no password and no rights beyond the contract's routes."""
        try:
            found = self._account and await self.kernel.auth.refresh(self._account)
        except (Unauthorized, OtpEnrolmentRequired):
            found = None
        if found is None:
            user = await self._find()
            if user is None:
                await self._make()
                user = await self._find()
            if user is None or not user.is_active:
                return None
            found = self._account = await self.kernel.auth.principal_of(user)
        return replace(found, is_admin=False)

    async def _find(self) -> User | None:
        async with self.kernel.database.read() as session:
            found: User | None = await session.scalar(select(User).where(User.username == SERVICE_ACCOUNT))
            return found

    async def _make(self) -> None:
        try:
            async with self.kernel.database.write() as session:
                await create_user(
                    session,
                    username=SERVICE_ACCOUNT,
                    password_hash=None,
                    actor=None,
                    now=self.kernel.clock(),
                )
        except UsernameTaken:  # another process was first
            log.info("service_account_there")


def shop_of(kernel: Kernel) -> Shop:
    shop: Shop = kernel.kinds[KIND]
    return shop


def _development_key(settings: Settings) -> str:
    """Return the key of an installation for development that has none set: made once, and printed then (parts contract,
    section 11). Empty elsewhere."""
    if settings.environment.lower() != DEVELOPMENT:
        return ""
    file = settings.data_dir / KEY_FILE
    if make_once(file):
        sys.stdout.write(f"\nKey of the parts pages: {file.read_text(encoding='ascii').strip()}\n\n")
        sys.stdout.flush()
    return file.read_text(encoding="ascii").strip()
