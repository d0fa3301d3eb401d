"""Accounts: create, find, change and delete them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, delete, exists, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.context import Kernel
from toolcrib.kernel.database import take_write_lock
from toolcrib.kernel.events.log import record
from toolcrib.kernel.identity import provider_roles
from toolcrib.kernel.identity.former_names import former_names, is_named, who_had
from toolcrib.kernel.identity.models import (
    BrowserSession,
    Company,
    CompanyRole,
    PendingChange,
    RetiredName,
    User,
    new_uuid,
)
from toolcrib.kernel.identity.names import check_email, check_username, email_key, is_storable
from toolcrib.kernel.identity.principal import ONLY_ADMINS, Principal
from toolcrib.kernel.long_work import ROWS, pieces
from toolcrib.kernel.problems import Conflict, Forbidden, NotFound
from toolcrib.kernel.requester import Requester
from toolcrib.kernel.search import by_unique, scan, text_match


class UsernameTaken(Conflict):
    pass


class EmailTaken(Conflict):
    code = "email_taken"


class UserNotFound(NotFound):
    pass


class OwnAccount(Forbidden):
    """Administrators cannot remove their own account or rights: another administrator must do it."""

    code = "own_account"


class LastAdmin(Conflict):
    """The change would leave the system without an administrator."""

    code = "last_admin"


# Finding


async def get_user(session: AsyncSession, user_id: int) -> User:
    """Return the person with this id.

    Raises:
        UserNotFound: there is none (404).
    """
    user = await session.get(User, user_id)
    if user is None:
        raise UserNotFound("user not found")
    return user


async def usernames(session: AsyncSession, uuids: Collection[str]) -> dict[str, str]:
    """Return the usernames of now of the people with these UUIDs. Those who are gone are left out."""
    found: dict[str, str] = {}
    for page in pieces(list(uuids), ROWS):
        rows = await session.execute(select(User.uuid, User.username).where(User.uuid.in_(page)))
        found.update((uuid, username) for uuid, username in rows)
    return found


async def get_by_name(session: AsyncSession, username: str) -> User:
    """Return the person who has exactly this username, or had it before.

    Raises:
        UserNotFound: there is none (404).
    """
    user = None
    if is_storable(username):
        user = (await session.execute(select(User).where(is_named(username)))).scalar_one_or_none()
    if user is None:
        raise UserNotFound("user not found")
    return user


async def by_subject(session: AsyncSession, subject: str, *, locked: bool = False) -> User | None:
    """Return the person with this subject at the sign-in provider, or None. `locked` takes the write lock first."""
    if locked:
        await take_write_lock(session)
    if not is_storable(subject):
        return None
    return (await session.scalars(select(User).where(User.oidc_subject == subject))).one_or_none()


async def find_active(session: AsyncSession, username: str) -> User | None:
    """Return the person who has exactly this name or had it before; None if there is none or the account is
    disabled."""
    found = await session.execute(select(User).where(is_named(username), User.is_active.is_(True)))
    return found.scalar_one_or_none()


async def search_active(
    session: AsyncSession, text: str | None, *, after: str | None, limit: int
) -> tuple[list[User], str | None]:
    """Return up to `limit` active people whose name contains `text`, ignoring case, by name, beginning after the name
    `after`, and where to go on (`search.scan`)."""
    shown: ColumnElement[bool] = User.is_active.is_(True)
    if text:
        shown = and_(shown, text_match(User.username, text))
    found, following = await scan(
        session, by_unique(select(User), User.username), User.username, shown, after=after, limit=limit
    )
    return [user for (user,) in found], following


class Recipient(NamedTuple):
    username: str
    email: str


async def people_with_address(session: AsyncSession) -> list[User]:
    """Return everybody who can receive mail."""
    reachable = select(User).where(User.is_active.is_(True), User.email.is_not(None)).order_by(User.id)
    return [user for user in await session.scalars(reachable) if user.email]


async def list_users(
    session: AsyncSession, text: str | None = None, *, after: str | None, limit: int
) -> tuple[list[tuple[User, str | None]], str | None]:
    """Return up to `limit` people with the names of their companies, by username, beginning after the username `after`,
    and where to go on (`search.scan`). With `text`, those in whose username, address or company it is."""
    rows = select(User, Company.name).outerjoin(Company, User.company_id == Company.id)
    columns = (User.username, User.email, Company.name)
    shown = or_(*(text_match(column, text) for column in columns)) if text else None
    found, following = await scan(
        session, by_unique(rows, User.username), User.username, shown, after=after, limit=limit
    )
    return [(user, company) for user, company in found], following


async def company_name(session: AsyncSession, company_id: str | None) -> str | None:
    company = await session.get(Company, company_id) if company_id else None
    return company.name if company else None


# Creating and deleting


async def create_user(
    session: AsyncSession,
    *,
    username: str,
    password_hash: str | None,
    email: str | None = None,
    is_admin: bool = False,
    uuid: str | None = None,
    oidc_subject: str | None = None,
    company: Company | None = None,
    company_role: CompanyRole | None = None,
    actor: str | None,
    now: datetime,
) -> User:
    """Create an account. Flushes, so that the id is set. Tokens of a deleted person of the same name do not become
    valid for it.

    Raises:
        BadName: the username or address is not allowed (400).
        UsernameTaken, EmailTaken: another account has it, or had the name before (409).
    """
    check_username(username)
    address = None if email is None else check_email(email)
    await take_write_lock(session)  # so that a name that is free now stays free until the commit
    if await _exists(session, User.username == username):
        raise UsernameTaken("User already exists")
    renamed = await who_had(session, username)
    if renamed is not None:
        raise UsernameTaken(f"{username} was the name of {renamed.username}, who was renamed.")
    if address is not None:
        await require_free_address(session, address)
    user = User(
        uuid=uuid or new_uuid(),
        username=username,
        email=address,
        email_key=email_key(address) if address else None,
        password_hash=password_hash,
        oidc_subject=oidc_subject,
        is_admin=is_admin,
        is_active=True,
        company_id=company.id if company else None,
        company_role=company_role if company else None,
        token_version=1,
        tokens_valid_from=None,
        created_at=now,
    )
    names = [name for name in (username, user.uuid, oidc_subject) if name]
    if await _exists(session, RetiredName.name.in_(names)):
        user.tokens_valid_from = now
    session.add(user)
    await session.flush()
    await record(
        session, "created", kind="user", key=username, actor=actor, now=now, scope="admin:", is_admin=is_admin
    )
    return user


async def delete_user(
    session: AsyncSession, kernel: Kernel, user: User, *, actor: Principal, by: Requester, now: datetime
) -> None:
    """Delete an account and end, in the same transaction, what the person holds or waits for (`disabled_holders`).

    Raises:
        OwnAccount: `actor` is this person (403).
        LastAdmin: there would be no administrator left (409).
    """
    if user.id == actor.id:
        raise OwnAccount("You cannot delete your own account.")
    await _require_still_admin(session, actor)
    await require_another_admin(session, user)
    await kernel.disabled_holders.account_removed(session, kernel, user, by=by, now=now)
    names = {user.username, user.uuid, user.oidc_subject, *await former_names(session, user.uuid)}
    for name in names - {None}:
        retired = await session.get(RetiredName, name)
        if retired is None:
            session.add(RetiredName(name=name, retired_at=now, user_uuid=None))
        else:
            retired.retired_at, retired.user_uuid = now, None
    await session.delete(user)  # foreign keys delete the API keys, memberships and pending changes
    await session.flush()
    await record(
        session, "deleted", kind="user", key=user.username, actor=actor.username, now=now, scope="admin:"
    )


# Changing


async def set_password(
    session: AsyncSession, user: User, password_hash: str, *, actor: str | None, now: datetime
) -> None:
    """Set the password and end all tokens of the person. API keys stay: `keys.revoke_all` ends them."""
    await take_write_lock(session)
    user.password_hash = password_hash
    await end_tokens(session, user, now)
    await session.execute(
        delete(PendingChange).where(
            PendingChange.user_id == user.id,
            PendingChange.purpose == "password",
            PendingChange.used_at.is_(None),
        )
    )
    await _record_about(session, user, "password_changed", actor=actor, now=now)


async def set_email(
    session: AsyncSession, user: User, address: str, *, actor: str | None, now: datetime
) -> None:
    """Set the mail address at once, and drop a change that waits for its link.

    Raises:
        BadName: not a mail address (400).
        EmailTaken: another account has it (409).
    """
    address = check_email(address)
    await require_free_address(session, address, besides=user)
    user.email, user.email_key = address, email_key(address)
    await session.execute(
        delete(PendingChange).where(
            PendingChange.user_id == user.id,
            PendingChange.purpose == "email",
            PendingChange.used_at.is_(None),
        )
    )
    await _record_about(session, user, "email_changed", actor=actor, now=now)


async def set_status(
    session: AsyncSession,
    kernel: Kernel,
    user: User,
    *,
    is_admin: bool | None = None,
    is_active: bool | None = None,
    actor: Principal,
    by: Requester,
    now: datetime,
) -> None:
    """Grant or revoke administrator rights, enable or disable an account; None leaves a flag unchanged.

    Disabling ends all tokens. Enabling restores neither tokens nor what the person held or waited for.

    Raises:
        OwnAccount: `actor` is this person (403).
        LastAdmin: there would be no administrator left (409).
    """
    if user.id == actor.id:
        raise OwnAccount("You cannot change your own status.")
    await _require_still_admin(session, actor)
    if is_admin is False or is_active is False:
        await require_another_admin(session, user)
    if is_admin is not None:
        await provider_roles.changed_by_hand(session, user, provider_roles.ADMIN)
        if is_admin != user.is_admin:
            await set_admin(session, user, actor=actor.username, now=now, is_admin=is_admin)
    if is_active is not None and is_active != user.is_active:
        user.is_active = is_active
        if not is_active:
            await end_tokens(session, user, now)
            await kernel.disabled_holders.account_disabled(session, kernel, user, by=by, now=now)
        verb = "enabled" if is_active else "disabled"
        await _record_about(session, user, verb, actor=actor.username, now=now)


async def set_admin(
    session: AsyncSession, user: User, *, is_admin: bool, actor: str | None, now: datetime, **data: str
) -> None:
    """Grant or revoke administrator rights. The caller holds the write lock, and has seen that it may be."""
    user.is_admin = is_admin
    verb = "admin_granted" if is_admin else "admin_revoked"
    await _record_about(session, user, verb, actor=actor, now=now, **data)


async def sign_out_everywhere(
    session: AsyncSession, user: User, *, now: datetime, by_provider: bool = False
) -> None:
    """End the sessions of all browsers and all tokens, including those of the command line. API keys stay."""
    await take_write_lock(session)
    await end_tokens(session, user, now)
    verb = "signed_out_by_provider" if by_provider else "signed_out_everywhere"
    await _record_about(session, user, verb, actor=None if by_provider else user.username, now=now)


async def end_tokens(session: AsyncSession, user: User, now: datetime) -> None:
    """End all tokens and browser sessions of a person. The caller records an event about the person."""
    user.token_version += 1
    user.tokens_valid_from = now
    await session.execute(delete(BrowserSession).where(BrowserSession.user_id == user.id))


async def require_free_address(session: AsyncSession, address: str, *, besides: User | None = None) -> None:
    """Check that no other account has the mail address. Takes the write lock.

    Raises:
        EmailTaken: an account other than `besides` has it, in any spelling (409).
    """
    await take_write_lock(session)
    conditions = [User.email_key == email_key(address)]
    if besides is not None:
        conditions.append(User.id != besides.id)
    if await _exists(session, *conditions):
        raise EmailTaken("This e-mail address is taken.")


async def _record_about(
    session: AsyncSession, user: User, verb: str, *, actor: str | None, now: datetime, **data: str
) -> None:
    """Record an event that the person and administrators may see."""
    await record(
        session, verb, kind="user", key=user.username, actor=actor, now=now, scope=f"user:{user.uuid}", **data
    )


# Rules


async def _require_still_admin(session: AsyncSession, actor: Principal) -> None:
    """Check again that `actor` is an administrator, holding the write lock: of two administrators who remove each
    other, the second is refused."""
    await take_write_lock(session)
    if not await _exists(session, User.id == actor.id, User.is_admin.is_(True), User.is_active.is_(True)):
        raise Forbidden(ONLY_ADMINS)


async def require_another_admin(session: AsyncSession, user: User) -> None:
    """Check that there is another administrator than `user`. The caller holds the write lock.

    Raises:
        LastAdmin: there is none (409).
    """
    if not await _exists(session, User.id != user.id, User.is_admin.is_(True), User.is_active.is_(True)):
        raise LastAdmin("This is the last administrator.")


async def _exists(session: AsyncSession, *conditions: ColumnElement[bool]) -> bool:
    return bool((await session.execute(select(exists().where(*conditions)))).scalar_one())
