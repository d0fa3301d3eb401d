"""Passwords: argon2id, away from the event loop, with bounded memory.

Time and memory are what OWASP's password storage cheat sheet gives for one lane: about 40 ms a try on a small
server. Hashes made with other parameters still verify, and are replaced at the next sign-in.

Signing in has threads and a queue of its own. Everything that people who are signed in already can ask for (a change
of their password or address, a new account) waits elsewhere, one hash at a time for each person: so it never keeps
anybody from signing in, however often somebody asks.
"""

from __future__ import annotations

import base64
import secrets
from typing import Literal

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from toolcrib.kernel.identity.common_passwords import is_common
from toolcrib.kernel.identity.names import is_storable
from toolcrib.kernel.identity.password_queue import HashingThreads, Turns
from toolcrib.kernel.problems import InvalidRequest

TIME_COST = 2
MEMORY_KIB = 19 * 1024
LANES = 1
SIGN_IN_THREADS = 2
CHANGE_THREADS = 1
LONGEST = 256

Verdict = Literal["wrong", "right", "right but outdated"]


class WeakPassword(InvalidRequest):
    """A new password must be long enough to be worth something, short enough to be typed, and none of those that
    are tried first."""


class Passwords:
    """`sign_in` and `changes` are the queues to name; `turns` are those of the people who change something."""

    def __init__(self, shortest: int = 1) -> None:
        self._shortest = shortest
        self._hasher = PasswordHasher(TIME_COST, MEMORY_KIB, LANES)
        self.sign_in = HashingThreads(SIGN_IN_THREADS, "argon2-sign-in")
        self.changes = HashingThreads(CHANGE_THREADS, "argon2-changes")
        self.turns = Turns()
        # What passwords of unknown people are held against: it takes as long as a real one and never fits.
        salt, digest = (base64.b64encode(secrets.token_bytes(n)).decode().rstrip("=") for n in (16, 32))
        self.nobody = f"$argon2id$v=19$m={MEMORY_KIB},t={TIME_COST},p={LANES}${salt}${digest}"

    async def hash(self, password: str, queue: HashingThreads | None = None) -> str:
        """Hash a password in a thread; `queue` is that of signing in unless another is named.

        Raises:
            SignInBusy: too many are waiting (503).
        """
        return await (queue or self.sign_in).run(self._hasher.hash, password)

    async def hash_new(self, password: str, *, by: str, is_configured: bool = False) -> str:
        """The hash of a password somebody chooses, for themselves or for a new account. `by` is who does: their
        passwords are hashed one after the other. `is_configured` if it comes from the server's settings, where it
        may be a common one.

        Raises:
            WeakPassword: too short, too long, not text, or one of the commonest (400).
            SignInBusy: too many are waiting (503).
        """
        if not self._shortest <= len(password) <= LONGEST:
            raise WeakPassword(f"A password has {self._shortest} to {LONGEST} characters.")
        if not is_storable(password):
            raise WeakPassword("A password cannot hold this character.")
        if is_common(password) and not is_configured:
            raise WeakPassword(
                "This is one of the commonest passwords, which are tried first. Choose another."
            )
        async with self.turns.take(by):
            return await self.hash(password, self.changes)

    async def verify(self, stored: str | None, password: str, queue: HashingThreads | None = None) -> Verdict:
        """Hold `password` against a stored hash; None (nobody, or no password) takes as long and is wrong.

        Raises:
            SignInBusy: too many are waiting (503).
        """
        return await (queue or self.sign_in).run(self._verify, stored, password)

    def close(self) -> None:
        self.sign_in.close()
        self.changes.close()

    def _verify(self, stored: str | None, password: str) -> Verdict:
        try:
            self._hasher.verify(stored or self.nobody, password.encode("utf-8", "surrogatepass"))
        except (VerificationError, InvalidHashError):
            return "wrong"
        if stored is None:
            return "wrong"
        return "right but outdated" if self._hasher.check_needs_rehash(stored) else "right"
