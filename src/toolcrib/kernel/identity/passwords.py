"""Hash and verify passwords with argon2id, outside the event loop and with bounded memory.

Time and memory are what OWASP's password storage cheat sheet recommends for one lane: about 40 ms a try on a small
server. Hashes made with other parameters still verify, and are replaced at the next sign-in.

Signing in has its own threads and queue. What signed-in people can request (a change of password or address, a new
account) uses another queue, one hash at a time for each person, so it cannot delay sign-ins however often it is
requested.
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
    """The new password is too short, too long to type, or one of the common ones that attackers try first."""


class Passwords:
    """Hashes and verifies passwords.

    `sign_in` and `changes` are the queues a caller may name; `turns` serialises the hashing of each person who changes
    something."""

    def __init__(self, shortest: int = 1) -> None:
        self._shortest = shortest
        self._hasher = PasswordHasher(TIME_COST, MEMORY_KIB, LANES)
        self.sign_in = HashingThreads(SIGN_IN_THREADS, "argon2-sign-in")
        self.changes = HashingThreads(CHANGE_THREADS, "argon2-changes")
        self.turns = Turns()
        # Passwords of unknown users are verified against this hash: it takes as long as a real one and never matches.
        salt, digest = (base64.b64encode(secrets.token_bytes(n)).decode().rstrip("=") for n in (16, 32))
        self.nobody = f"$argon2id$v=19$m={MEMORY_KIB},t={TIME_COST},p={LANES}${salt}${digest}"

    async def hash(self, password: str, queue: HashingThreads | None = None) -> str:
        """Hash a password in a thread, in the sign-in queue unless `queue` names another.

        Raises:
            SignInBusy: too many are waiting (503).
        """
        return await (queue or self.sign_in).run(self._hasher.hash, password)

    async def hash_new(self, password: str, *, by: str, is_configured: bool = False) -> str:
        """Hash a password that a person chose, for themselves or for a new account.

        `by` identifies the person: their passwords are hashed one after the other. `is_configured` means that the
        password comes from the server's settings, where a common one is allowed.

        Raises:
            WeakPassword: too short, too long, not text, or one of the most common (400).
            SignInBusy: too many are waiting (503).
        """
        if not self._shortest <= len(password) <= LONGEST:
            raise WeakPassword(f"A password has {self._shortest} to {LONGEST} characters.")
        if not is_storable(password):
            raise WeakPassword("A password cannot hold this character.")
        if is_common(password) and not is_configured:
            raise WeakPassword(
                "This is one of the most common passwords, which attackers try first. Choose another."
            )
        async with self.turns.take(by):
            return await self.hash(password, self.changes)

    async def verify(self, stored: str | None, password: str, queue: HashingThreads | None = None) -> Verdict:
        """Verify `password` against a stored hash. None (no such user, or no password) takes as long and is always
        wrong.

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
