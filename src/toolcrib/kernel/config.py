"""Runtime configuration: values that an administrator may change while the server runs.

A value comes from the first of these that has one: the database (if its text can be read as the key's type), the
environment, `config.json`, the built-in default (asset-locks contract, section 6).
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from pydantic import AliasChoices
from sqlalchemy import Column, Table, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.database import Database, after_commit
from toolcrib.kernel.events.log import record
from toolcrib.kernel.events.tail import EventTail
from toolcrib.kernel.events.writer import Event
from toolcrib.kernel.problems import InvalidRequest
from toolcrib.kernel.tables import Base, UtcDateTime, exact_string, exact_text
from toolcrib.settings import ConfigFile, Settings

KEY_LENGTH = 80
VALUE_LENGTH = 4_000

config_values = Table(
    "config",
    Base.metadata,
    Column("key", exact_string(KEY_LENGTH), primary_key=True),
    Column("value", exact_text(), nullable=False),
    Column("updated_at", UtcDateTime(), nullable=False),
    Column("updated_by", exact_string(255)),
)

Value = bool | int | str
Source = Literal["database", "environment", "config.json", "default"]

_TRUE = {"true", "1", "yes", "t", "y", "on"}
_FALSE = {"false", "0", "no", "f", "n", "off"}
_INTEGER = re.compile(r"[+-]?[0-9]{1,18}")


class BadValue(InvalidRequest):
    """The key cannot have this value; nothing was changed."""


@dataclass(frozen=True)
class ConfigKey:
    """One key: its dotted name in the database, its `name` in JSON, and the values it allows.

    `default` reads the settings; `field` is the setting it reads, which tells where the value came from.
    """

    key: str
    name: str
    type: type[bool] | type[int] | type[str]
    default: Callable[[Settings], Value]
    description: str
    field: str | None = None
    writable: bool = True
    minimum: int | None = None
    maximum: int | None = None

    def parse(self, raw: str) -> Value:
        """Return the value of stored or typed text.

        Raises:
            BadValue: the text is not a value of this key's type.
        """
        text = raw.strip()
        if self.type is bool:
            if text.lower() not in _TRUE | _FALSE:
                raise self._refusal("true or false")
            return text.lower() in _TRUE
        if self.type is int:
            if not _INTEGER.fullmatch(text):
                raise self._refusal("a whole number")
            return self.check(int(text))
        return self.check(raw)

    def check(self, value: Any) -> Value:
        """Return `value` if it has this key's type and lies within its limits.

        Raises:
            BadValue: it does not.
        """
        if type(value) is not self.type:
            raise self._refusal({bool: "true or false", int: "a whole number", str: "text"}[self.type])
        if isinstance(value, str) and (len(value) > VALUE_LENGTH or "\0" in value):
            raise self._refusal(f"text of at most {VALUE_LENGTH} characters")
        low, high = self.minimum, self.maximum
        if type(value) is int and ((low is not None and value < low) or (high is not None and value > high)):
            raise self._refusal(f"from {low} to {high}" if high is not None else f"at least {low}")
        return value

    def _refusal(self, wanted: str) -> BadValue:
        text = f"{self.name} must be {wanted}."
        return BadValue(text, [{"loc": ["body", self.name], "msg": text, "type": "bad_value"}])


def as_text(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


MAIL_TEST_STATUS = "system.startup.mail_test_status"

KERNEL_KEYS = (
    ConfigKey(
        "alerts.everyone",
        "alerts_everyone",
        bool,
        lambda settings: settings.lock_alerts == "everyone",
        "Whether a new lock is mailed to everybody who may see it, and not only to those who watch it.",
        field="lock_alerts",
    ),
    ConfigKey(
        "jwt.expiry.enabled",
        "jwt_expiry_enabled",
        bool,
        lambda settings: settings.jwt_minutes > 0,
        "Whether new tokens expire.",
        field="jwt_minutes",
    ),
    ConfigKey(
        "jwt.expiry.minutes",
        "jwt_expiry_minutes",
        int,
        lambda settings: min(settings.jwt_minutes, 5_256_000),
        "Lifetime of new tokens in minutes; 0 means that they do not expire.",
        field="jwt_minutes",
        minimum=0,
        maximum=5_256_000,
    ),
    ConfigKey(
        "mail.enabled",
        "mail_enabled",
        bool,
        lambda settings: settings.mail_enabled,
        "Whether mail is sent. Has no effect while the MAIL_ENABLED setting is false.",
        field="mail_enabled",
    ),
    ConfigKey(
        MAIL_TEST_STATUS,
        "startup_mail_test_status",
        str,
        lambda _settings: "UNKNOWN",
        "The result of the mail test at the last start.",
        writable=False,
    ),
)


class RuntimeConfig:
    """The present values. `get` reads the database only after a change, or while the log's tail lags."""

    def __init__(
        self, settings: Settings, database: Database, tail: EventTail, keys: Iterable[ConfigKey] = ()
    ) -> None:
        self._settings = settings
        self._database = database
        self._tail = tail
        self.keys: dict[str, ConfigKey] = {key.key: key for key in (*KERNEL_KEYS, *keys)}
        self._sources = _setting_sources(settings)
        self._stored: Mapping[str, str] | None = None
        self._changes = 0
        tail.on_event(self._on_event)

    async def get(self, key: str, session: AsyncSession | None = None) -> Any:
        """Return the value of a declared key, in that key's type; read through `session` if it must be read."""
        return self._resolve(self.keys[key], await self._values(session))[0]

    async def all(self) -> list[tuple[ConfigKey, Value, Source]]:
        stored = await self._values()
        return [(key, *self._resolve(key, stored)) for key in self.keys.values()]

    async def mail_may_send(self, session: AsyncSession | None = None) -> bool:
        """Return whether any mail is sent: the setting is the master switch, the key can only switch mail off."""
        return self._settings.mail_enabled and bool(await self.get("mail.enabled", session))

    # Changing

    async def change(
        self, session: AsyncSession, changes: Mapping[str, Any], *, actor: str | None, now: datetime
    ) -> list[str]:
        """Store JSON values by their JSON names, all or none; None leaves a key unchanged. Unknown keys, and keys that
        may not be written, are ignored. Returns the dotted keys that were stored.

        Raises:
            BadValue: one of them cannot be stored, or there is nothing to store.
        """
        wanted: list[tuple[ConfigKey, Value]] = []
        refusals: list[BadValue] = []
        for key in self.keys.values():
            value = changes.get(key.name)
            if value is None or not key.writable:
                continue
            try:
                wanted.append((key, key.check(value)))
            except BadValue as refusal:
                refusals.append(refusal)
        if refusals:
            details = [each for refusal in refusals for each in refusal.details]
            raise BadValue(" ".join(refusal.detail for refusal in refusals), details)
        if not wanted:
            raise BadValue("There is nothing to change.")
        for key, value in wanted:
            await self._store(session, key.key, as_text(value), actor=actor, now=now)
        return [key.key for key, _ in wanted]

    async def set_value(
        self, session: AsyncSession, key: str, raw: str, *, actor: str | None, now: datetime
    ) -> str:
        """Store text under `key`, as `toolcrib admin set-config` gives it; unknown keys accept any text. Returns the
        text as stored.

        Raises:
            BadValue: the key does not allow this value, or cannot be written.
        """
        known = self.keys.get(key)
        if known is None:
            if not 0 < len(key) <= KEY_LENGTH or not key.isprintable() or not key.isascii():
                raise BadValue(f"A key is 1 to {KEY_LENGTH} plain characters.")
            if len(raw) > VALUE_LENGTH or "\0" in raw:
                raise BadValue(f"A value is text of at most {VALUE_LENGTH} characters.")
        elif not known.writable:
            raise BadValue(f"{key} is written by the server only.")
        else:
            raw = as_text(known.parse(raw))
        await self._store(session, key, raw, actor=actor, now=now)
        return raw

    async def set_status(self, session: AsyncSession, key: str, value: str, *, now: datetime) -> None:
        """Store a status that the server reports, under a key that people cannot write."""
        await self._store(session, key, value, actor=None, now=now)

    async def _store(
        self, session: AsyncSession, key: str, text: str, *, actor: str | None, now: datetime
    ) -> None:
        by_key = config_values.c.key == key
        old = (await session.execute(select(config_values.c.value).where(by_key))).scalar_one_or_none()
        if old == text:
            return
        row = {"value": text, "updated_at": now, "updated_by": actor}
        if old is None:
            await session.execute(insert(config_values).values(key=key, **row))
        else:
            await session.execute(update(config_values).where(by_key).values(**row))
        await record(
            session,
            "config_changed",
            kind="config",
            key=key,
            actor=actor,
            scope="admin:",
            now=now,
            old=old,
            new=text,
        )
        after_commit(session, self._forget)

    # Reading

    async def _values(self, session: AsyncSession | None = None) -> Mapping[str, str]:
        if self._stored is not None and self._tail.is_fresh():
            return self._stored
        if session is not None:
            return await _read(
                session
            )  # the session may see uncommitted values, so do not keep them for others
        changes = self._changes
        async with self._database.read() as own:
            stored = await _read(own)
        if changes == self._changes:  # nothing changed during the read
            self._stored = stored
        return stored

    def _resolve(self, key: ConfigKey, stored: Mapping[str, str]) -> tuple[Value, Source]:
        if key.key in stored:
            try:
                return key.parse(stored[key.key]), "database"
            except BadValue:
                pass  # an older release may have stored it: treat it as absent
        return key.default(self._settings), self._sources.get(key.field or "", "default")

    def _on_event(self, event: Event) -> None:
        if event.kind == "config":
            self._forget()

    def _forget(self) -> None:
        self._stored = None
        self._changes += 1


async def _read(session: AsyncSession) -> Mapping[str, str]:
    rows = await session.execute(select(config_values.c.key, config_values.c.value))
    return {key: value for key, value in rows}  # noqa: C416 - dict() cannot tell that rows are pairs


def _setting_sources(settings: Settings) -> dict[str, Source]:
    """Return where each setting that is not at its default came from."""
    in_file = ConfigFile(type(settings), settings.data_dir)()
    in_environment = {name.upper() for name in os.environ}
    sources: dict[str, Source] = {}
    for field in settings.model_fields_set:
        alias = type(settings).model_fields[field].validation_alias
        names = {str(name) for name in alias.choices} if isinstance(alias, AliasChoices) else {str(alias)}
        from_file = names & in_file.keys() and not names & in_environment
        sources[field] = "config.json" if from_file else "environment"
    return sources
