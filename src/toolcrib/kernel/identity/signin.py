"""Proving a username and password."""

from __future__ import annotations

from sqlalchemy import select, update

from toolcrib.kernel.database import Database
from toolcrib.kernel.identity.models import USERNAME_LENGTH, User
from toolcrib.kernel.identity.names import is_storable
from toolcrib.kernel.identity.passwords import Passwords
from toolcrib.kernel.problems import Problem


class InvalidGrant(Problem):
    """Wrong username or password; nobody is told which."""

    code, status = "invalid_grant", 401


async def check_password(database: Database, passwords: Passwords, username: str, password: str) -> User:
    """The person `username`, if this is their password. Takes as long for people who do not exist.

    No transaction is open while the password is hashed.

    Raises:
        InvalidGrant: it is not, or the account is disabled (401).
    """
    user = await _find(database, username)
    verdict = await passwords.verify(user.password_hash if user else None, password)
    if user is None or verdict == "wrong":
        raise InvalidGrant("Wrong username or password.")
    if not user.is_active:
        raise InvalidGrant("This account is disabled.")
    if verdict == "right but outdated":
        outdated, fresh = user.password_hash, await passwords.hash(password)
        async with database.write() as session:
            # Unless the password was changed meanwhile. Not a change of password: tokens live on.
            await session.execute(
                update(User)
                .where(User.id == user.id, User.password_hash == outdated)
                .values(password_hash=fresh)
                .execution_options(synchronize_session=False)
            )
        user.password_hash = fresh
    return user


async def _find(database: Database, username: str) -> User | None:
    if len(username) > USERNAME_LENGTH or not is_storable(username):
        return None
    async with database.read() as session:
        return (await session.execute(select(User).where(User.username == username))).scalar_one_or_none()
