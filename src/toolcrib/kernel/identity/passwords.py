"""Passwords: argon2id, away from the event loop, with bounded memory.

Time and memory are what OWASP's password storage cheat sheet gives for one lane: about 40 ms a try on a small
server. Hashes made with other parameters still verify, and are replaced at the next sign-in.
"""

from __future__ import annotations

import asyncio
import base64
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Literal, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from toolcrib.kernel.identity.names import is_storable
from toolcrib.kernel.problems import InvalidRequest, Problem

TIME_COST = 2
MEMORY_KIB = 19 * 1024
LANES = 1
THREADS = 2
LONGEST = 256
# Tries that may wait for a thread; at THREADS a time they take about a second.
QUEUE = 64

Verdict = Literal["wrong", "right", "right but outdated"]
Result = TypeVar("Result")


class SignInBusy(Problem):
    """This process has more passwords to check than it can handle; try again."""

    code, status = "busy", 503


class WeakPassword(InvalidRequest):
    """A new password must be long enough to be worth something, and short enough to be typed."""


class Passwords:
    def __init__(self, shortest: int = 1) -> None:
        self._shortest = shortest
        self._hasher = PasswordHasher(TIME_COST, MEMORY_KIB, LANES)
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="argon2")
        self._waiting = 0
        # What passwords of unknown people are held against: it takes as long as a real one and never fits.
        salt, digest = (base64.b64encode(secrets.token_bytes(n)).decode().rstrip("=") for n in (16, 32))
        self.nobody = f"$argon2id$v=19$m={MEMORY_KIB},t={TIME_COST},p={LANES}${salt}${digest}"

    async def hash(self, password: str) -> str:
        """Hash a password in a thread.

        Raises:
            SignInBusy: too many are waiting (503).
        """
        return await self._in_thread(self._hasher.hash, password)

    async def hash_new(self, password: str) -> str:
        """The hash of a password somebody chooses.

        Raises:
            WeakPassword: too short, too long, or not text (400).
            SignInBusy: too many are waiting (503).
        """
        if not self._shortest <= len(password) <= LONGEST:
            raise WeakPassword(f"A password has {self._shortest} to {LONGEST} characters.")
        if not is_storable(password):
            raise WeakPassword("A password cannot hold this character.")
        return await self.hash(password)

    async def verify(self, stored: str | None, password: str) -> Verdict:
        """Hold `password` against a stored hash; None (nobody, or no password) takes as long and is wrong.

        Raises:
            SignInBusy: too many are waiting (503).
        """
        return await self._in_thread(self._verify, stored, password)

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _verify(self, stored: str | None, password: str) -> Verdict:
        try:
            self._hasher.verify(stored or self.nobody, password.encode("utf-8", "surrogatepass"))
        except (VerificationError, InvalidHashError):
            return "wrong"
        if stored is None:
            return "wrong"
        return "right but outdated" if self._hasher.check_needs_rehash(stored) else "right"

    async def _in_thread(self, work: Callable[..., Result], *arguments: Any) -> Result:
        if self._waiting >= QUEUE:
            raise SignInBusy("Too many people are signing in at this moment.", headers={"Retry-After": "2"})
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)
        finally:
            self._waiting -= 1
