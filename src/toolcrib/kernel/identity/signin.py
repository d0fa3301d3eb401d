"""Verify usernames and passwords: count tries, limit them, and remember wrong passwords."""

from __future__ import annotations

import asyncio
from hashlib import blake2b
from typing import Any, TypeVar

from sqlalchemy import select, update

from toolcrib.kernel.database import Database
from toolcrib.kernel.identity.former_names import is_named
from toolcrib.kernel.identity.models import USERNAME_LENGTH, SecondFactor, User
from toolcrib.kernel.identity.names import is_storable
from toolcrib.kernel.identity.password_queue import HashingThreads, Turns
from toolcrib.kernel.identity.passwords import Passwords
from toolcrib.kernel.identity.principal import DISABLED, Principal
from toolcrib.kernel.identity.second_step import SecondStep
from toolcrib.kernel.problems import Forbidden, Problem
from toolcrib.kernel.ratelimit import RateLimited, RateLimiter

# The counter of failures of one account at one address.
WRONG = "wrong password"
WRONG_PASSWORD = "Wrong username or password."
# The counter of all tries of a signed-in person who must give their password again.
AGAIN = "current password"
AGAIN_RATE = "10/minute"
# How many wrong passwords are remembered, as digests; beyond that the oldest is forgotten.
KNOWN_WRONG = 4096
# A try too many is refused after this pause. Who tries on and on, over as many connections as one address may have,
# would otherwise keep the server busy with refusals alone.
REFUSAL_SECONDS = 0.25

Reason = TypeVar("Reason", str, None)


class InvalidGrant(Problem):
    """The username or the password is wrong; the response does not say which."""

    code, status = "invalid_grant", 401


class ApiKeyNeeded(Forbidden):
    """The account has a second factor, which HTTP Basic cannot carry: use an API key as the password."""

    code = "api_key_needed"

    @classmethod
    def instead(cls) -> ApiKeyNeeded:
        return cls("This account has two-step sign-in: use an API key instead of the password here.")


class SignIn:
    """Verifies passwords and limits the tries.

    A wrong password counts against the address (LOGIN_RATE, all accounts together), and against the account at that
    address, where each failure makes the next try wait longer. Nothing counts against an account alone, so that
    strangers cannot lock its owner out.

    Repeating the same wrong password is cheap and counts once: programs that store one (git's credential helpers,
    mounted folders) repeat it endlessly, and would otherwise use up the limit for everybody at their address. It is
    recognised by a keyed digest of the password and of the stored hash it was compared with, so it is tried again as
    soon as the account has another password.

    A person with a second factor shows its code, too (`second_step`). HTTP Basic has no place for one.
    """

    def __init__(
        self,
        database: Database,
        passwords: Passwords,
        limiter: RateLimiter,
        second_step: SecondStep,
        *,
        rate: str,
        key: bytes,
    ) -> None:
        self.second_step = second_step
        self._database = database
        self._passwords = passwords
        self._limiter = limiter
        self._rate = rate
        self._empty_digest = blake2b(key=key, digest_size=16)
        self._wrong: dict[bytes, str] = {}
        self._without_key: dict[bytes, None] = {}
        # One turn for each address: simultaneous guesses from one address are counted and hashed one after the other.
        self.turns = Turns()

    async def count(self, address: str) -> None:
        """Count one try at `address`, whatever its result.

        Raises:
            RateLimited: there were too many (429).
        """
        try:
            await self._limiter.hit("login", self._rate, address)
        except RateLimited:
            await asyncio.sleep(REFUSAL_SECONDS)
            raise

    async def prove(self, username: str, password: str, otp: str | None, address: str) -> User:
        """Return the person `username` if `password` is theirs, and `otp` a code of their second factor if they have
        one. The caller has counted the try against the address.

        Raises:
            InvalidGrant: the password is wrong, or the account is disabled (401).
            OtpRequired, InvalidOtp: the password is right, and the code is missing or wrong (401).
            RateLimited: one was wrong too often (429).
            SignInBusy: too many passwords are being checked (503).
        """
        await self.refuse_known(username, password, address)
        async with self.turns.take(address):
            user = await self._check(username, password, address, self._passwords.sign_in)
        await self.second_step.require(user, otp)
        return user

    async def prove_basic(self, username: str, password: str, address: str) -> User:
        """Return the person `username` if `password` is theirs, for HTTP Basic and for callers that have the turn of
        the address. Only wrong passwords are counted against the address.

        Raises:
            InvalidGrant, RateLimited, SignInBusy: as `prove`.
            ApiKeyNeeded: it is right, and the account has a second factor (403).
        """
        return await self._check(username, password, address, self._passwords.sign_in, is_basic=True)

    async def prove_again(self, me: Principal, password: str, address: str) -> User:
        """Check the password of a person who is signed in already. Every try is counted, right or wrong, and they are
        checked one at a time: a person who has only a token must not be able to guess the password, and nobody may keep
        the processor busy with their own.

        Raises:
            InvalidGrant, RateLimited, SignInBusy: as `prove`.
        """
        await self._limiter.hit(AGAIN, AGAIN_RATE, me.uuid)
        async with self._passwords.turns.take(me.uuid):
            return await self._check(me.username, password, address, self._passwords.changes)

    async def refuse_known(self, username: str, password: str, address: str) -> None:
        """Refuse a password that was wrong here before, without waiting for a turn.

        Raises:
            InvalidGrant: it was, and the account's password has not changed since (401).
        """
        if self._wrong:
            user, _ = await self._find(username)
            username = user.username if user is not None else username
            self._refuse_known(self._attempt(user, username, password, address))

    async def _check(
        self, username: str, password: str, address: str, queue: HashingThreads, *, is_basic: bool = False
    ) -> User:
        """Verify the password with no transaction open meanwhile. It takes as long for users who do not exist."""
        user, has_factor = await self._find(username)
        # A former name is no second series of tries.
        username = user.username if user is not None else username
        attempt = self._attempt(user, username, password, address)
        self._refuse_known(attempt)
        if is_basic:
            if has_factor and attempt in self._without_key:
                raise ApiKeyNeeded.instead()
            await self._limiter.check("login", self._rate, address)
        pair = self._digest(username, address).hex()
        await self._limiter.require_no_delay(WRONG, pair)
        verdict = await self._passwords.verify(user.password_hash if user else None, password, queue)
        if user is None or verdict == "wrong" or not user.is_active:
            is_right = user is not None and verdict != "wrong"
            reason = DISABLED if is_right else WRONG_PASSWORD
            _remember(self._wrong, attempt, reason)
            await self._limiter.lengthen_delay(WRONG, pair)
            if is_basic:
                await self.count(address)
            raise InvalidGrant(reason)
        await self._limiter.end_delay(WRONG, pair)
        if verdict == "right but outdated":
            await self._renew(user, password, queue)
        if is_basic and has_factor:
            # Programs repeat what they have stored: this one is not hashed every time.
            _remember(self._without_key, attempt, None)
            raise ApiKeyNeeded.instead()
        return user

    async def _find(self, username: str) -> tuple[User | None, bool]:
        """Return the person, and whether they have a second factor."""
        if len(username) > USERNAME_LENGTH or not is_storable(username):
            return None, False
        async with self._database.read() as session:
            found = await session.execute(
                select(User, SecondFactor.confirmed_at)
                .outerjoin(SecondFactor, SecondFactor.user_id == User.id)
                .where(is_named(username))
            )
            row = found.one_or_none()
        return (None, False) if row is None else (row[0], row[1] is not None)

    async def _renew(self, user: User, password: str, queue: HashingThreads) -> None:
        outdated, fresh = user.password_hash, await self._passwords.hash(password, queue)
        async with self._database.write() as session:
            # Store the new hash unless the password was changed meanwhile. The password stays the same, so tokens stay
            # valid.
            await session.execute(
                update(User)
                .where(User.id == user.id, User.password_hash == outdated)
                .values(password_hash=fresh)
                .execution_options(synchronize_session=False)
            )
        user.password_hash = fresh

    def _refuse_known(self, attempt: bytes) -> None:
        reason = self._wrong.get(attempt)
        if reason is not None:
            raise InvalidGrant(reason)

    def _attempt(self, user: User | None, username: str, password: str, address: str) -> bytes:
        """Return the digest of this password, the account's stored hash and this address. It is of no use to others."""
        held_against = (user.password_hash, user.is_active) if user else None
        return self._digest(username, address, password, held_against)

    def _digest(self, *parts: Any) -> bytes:
        digest = self._empty_digest.copy()
        digest.update(repr(parts).encode("utf-8", "surrogatepass"))
        return digest.digest()


def _remember(known: dict[bytes, Reason], attempt: bytes, reason: Reason) -> None:
    if len(known) >= KNOWN_WRONG:
        del known[next(iter(known))]
    known[attempt] = reason
