"""Verify usernames and passwords: count tries, limit them, and remember wrong passwords."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

from sqlalchemy import select, update

from toolcrib.kernel.database import Database
from toolcrib.kernel.identity.former_names import is_named
from toolcrib.kernel.identity.models import USERNAME_LENGTH, User
from toolcrib.kernel.identity.names import is_storable
from toolcrib.kernel.identity.password_queue import HashingThreads, Turns
from toolcrib.kernel.identity.passwords import Passwords
from toolcrib.kernel.identity.principal import DISABLED, Principal
from toolcrib.kernel.problems import Problem
from toolcrib.kernel.ratelimit import RateLimiter

# The counter of failures of one account at one address.
WRONG = "wrong password"
WRONG_PASSWORD = "Wrong username or password."
# The counter of all tries of a signed-in person who must give their password again.
AGAIN = "current password"
AGAIN_RATE = "10/minute"
# How many wrong passwords are remembered, as digests; beyond that the oldest is forgotten.
KNOWN_WRONG = 4096


class InvalidGrant(Problem):
    """The username or the password is wrong; the response does not say which."""

    code, status = "invalid_grant", 401


class SignIn:
    """Verifies passwords and limits the tries.

    A wrong password counts against the address (LOGIN_RATE, all accounts together), and against the account at that
    address, where each failure makes the next try wait longer. Nothing counts against an account alone, so that
    strangers cannot lock its owner out.

    Repeating the same wrong password is cheap and counts once: programs that store one (git's credential helpers,
    mounted folders) repeat it endlessly, and would otherwise use up the limit for everybody at their address. It is
    recognised by a keyed digest of the password and of the stored hash it was compared with, so it is tried again as
    soon as the account has another password.
    """

    def __init__(
        self, database: Database, passwords: Passwords, limiter: RateLimiter, *, rate: str, key: bytes
    ) -> None:
        self._database = database
        self._passwords = passwords
        self._limiter = limiter
        self._rate = rate
        self._empty_digest = blake2b(key=key, digest_size=16)
        self._wrong: dict[bytes, str] = {}
        # One turn for each address: simultaneous guesses from one address are counted and hashed one after the other.
        self.turns = Turns()

    async def count(self, address: str) -> None:
        """Count one try at `address`, whatever its result.

        Raises:
            RateLimited: there were too many (429).
        """
        await self._limiter.hit("login", self._rate, address)

    async def prove(self, username: str, password: str, address: str) -> User:
        """Return the person `username` if `password` is theirs. The caller has counted the try against the address.

        Raises:
            InvalidGrant: it is wrong, or the account is disabled (401).
            RateLimited: it was wrong too often at this address (429).
            SignInBusy: too many passwords are being checked (503).
        """
        await self.refuse_known(username, password, address)
        async with self.turns.take(address):
            return await self._check(username, password, address, self._passwords.sign_in)

    async def prove_in_turn(self, username: str, password: str, address: str) -> User:
        """Do what `prove` does, for callers that have the turn of the address. Only wrong passwords are counted against
        the address.

        Raises:
            InvalidGrant, RateLimited, SignInBusy: as `prove`.
        """
        return await self._check(username, password, address, self._passwords.sign_in, is_counted=False)

    async def prove_again(self, me: Principal, password: str, address: str) -> User:
        """Do what `prove` does, for a person who is signed in already. Every try is counted, right or wrong, and they
        are checked one at a time: a person who has only a token must not be able to guess the password, and nobody may
        keep the processor busy with their own.

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
            user = await self._find(username)
            username = user.username if user is not None else username
            self._refuse_known(self._attempt(user, username, password, address))

    async def _check(
        self, username: str, password: str, address: str, queue: HashingThreads, *, is_counted: bool = True
    ) -> User:
        """Verify the password with no transaction open meanwhile. It takes as long for users who do not exist."""
        user = await self._find(username)
        # A former name is no second series of tries.
        username = user.username if user is not None else username
        attempt = self._attempt(user, username, password, address)
        self._refuse_known(attempt)
        if not is_counted:
            await self._limiter.check("login", self._rate, address)
        pair = self._digest(username, address).hex()
        await self._limiter.require_no_delay(WRONG, pair)
        verdict = await self._passwords.verify(user.password_hash if user else None, password, queue)
        if user is None or verdict == "wrong" or not user.is_active:
            is_right = user is not None and verdict != "wrong"
            reason = DISABLED if is_right else WRONG_PASSWORD
            self._remember(attempt, reason)
            await self._limiter.lengthen_delay(WRONG, pair)
            if not is_counted:
                await self.count(address)
            raise InvalidGrant(reason)
        await self._limiter.end_delay(WRONG, pair)
        if verdict == "right but outdated":
            await self._renew(user, password, queue)
        return user

    async def _find(self, username: str) -> User | None:
        if len(username) > USERNAME_LENGTH or not is_storable(username):
            return None
        async with self._database.read() as session:
            found = await session.execute(select(User).where(is_named(username)))
            return found.scalar_one_or_none()

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

    def _remember(self, attempt: bytes, reason: str) -> None:
        if len(self._wrong) >= KNOWN_WRONG:
            del self._wrong[next(iter(self._wrong))]
        self._wrong[attempt] = reason

    def _attempt(self, user: User | None, username: str, password: str, address: str) -> bytes:
        """Return the digest of this password, the account's stored hash and this address. It is of no use to others."""
        held_against = (user.password_hash, user.is_active) if user else None
        return self._digest(username, address, password, held_against)

    def _digest(self, *parts: Any) -> bytes:
        digest = self._empty_digest.copy()
        digest.update(repr(parts).encode("utf-8", "surrogatepass"))
        return digest.digest()
