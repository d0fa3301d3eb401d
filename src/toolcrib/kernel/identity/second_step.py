"""The second step of signing in with a password: ask for a code, and limit the tries."""

from __future__ import annotations

from toolcrib.kernel.clock import Clock
from toolcrib.kernel.database import Database
from toolcrib.kernel.identity import second_factors
from toolcrib.kernel.identity.models import User
from toolcrib.kernel.identity.password_queue import Turns
from toolcrib.kernel.identity.second_factors import OtpRequired, wrong_code
from toolcrib.kernel.ratelimit import RateLimiter
from toolcrib.kernel.secrets import Secrets

# The counter of wrong codes of one account, at whatever address: whoever sends one knows the password already.
WRONG = "wrong code"
# The header in which a code may be sent instead of the field `otp`.
HEADER = "X-OTP"


class SecondStep:
    """Checks the codes of people whose password was right."""

    def __init__(self, database: Database, secrets: Secrets, limiter: RateLimiter, clock: Clock) -> None:
        self._database = database
        self._secrets = secrets
        self._limiter = limiter
        self._clock = clock
        # One turn for each person: simultaneous guesses are counted one after the other.
        self._turns = Turns()

    async def require(self, user: User, code: str | None) -> None:
        """Use up the code of a person who has a second factor. Who has none needs no code.

        Raises:
            OtpRequired: there is none (401).
            InvalidOtp: it is wrong, or was used already (401).
            RateLimited: there were too many wrong ones (429).
        """
        async with self._database.read() as session:
            if not await second_factors.has_factor(session, user.id):
                return
        if not code:
            raise OtpRequired("This account has two-step sign-in: the code of the app is needed, too.")
        async with self._turns.take(user.uuid):
            await self._limiter.require_no_delay(WRONG, user.uuid)
            async with self._database.write() as session:
                is_right = await second_factors.use_code(
                    session, self._secrets, user, code, now=self._clock()
                )
            if not is_right:
                await self._limiter.lengthen_delay(WRONG, user.uuid)
                raise wrong_code()
            await self._limiter.end_delay(WRONG, user.uuid)
