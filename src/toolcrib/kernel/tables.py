"""The base of all tables, and column types that behave alike on SQLite, PostgreSQL and MariaDB."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, DateTime, Dialect, Index, Integer, MetaData, String, Text
from sqlalchemy.dialects import mysql
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator

from toolcrib.kernel import stored_json

# MariaDB compares text without regard to case, accents or trailing blanks unless told otherwise.
EXACT = "utf8mb4_nopad_bin"


def exact_string(length: int) -> String:
    """Text compared byte for byte on every database."""
    return String(length).with_variant(mysql.VARCHAR(length, collation=EXACT), "mysql", "mariadb")


def exact_text() -> Text:
    """Text of any length (up to 16 MiB), compared byte for byte on every database."""
    return Text().with_variant(mysql.MEDIUMTEXT(collation=EXACT), "mysql", "mariadb")


# SQLite counts rows up by itself only for a column spelled INTEGER.
BigId = BigInteger().with_variant(Integer, "sqlite")


def only_on(index: Index, *dialects: str) -> Index:
    """Have `index` on these databases alone; others have another one in its place."""
    index.info["dialects"] = frozenset(dialects)
    return index.ddl_if(callable_=lambda *_ddl, dialect, **_more: is_on(index, dialect.name))


def is_on(item: Any, dialect: str) -> bool:
    """Whether a table, column or index of the models is to be there on a database of that `dialect`."""
    return dialect in getattr(item, "info", {}).get("dialects", {dialect})


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC moment to the microsecond, stored without offset so that operators read UTC."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        if dialect.name in {"mysql", "mariadb"}:
            return dialect.type_descriptor(mysql.DATETIME(fsp=6))
        return dialect.type_descriptor(DateTime())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC)


class JsonText(TypeDecorator[Any]):
    """A JSON object kept as text: written once, read whole, never searched inside. One that cannot be read is a
    `stored_json.Damaged`."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        if dialect.name in {"mysql", "mariadb"}:
            return dialect.type_descriptor(mysql.MEDIUMTEXT())
        return dialect.type_descriptor(Text())

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else stored_json.dump(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else stored_json.load(value)


class Base(DeclarativeBase):
    """Constraints have names on every database, so that migrations can speak of them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: UtcDateTime(), int: BigId}
