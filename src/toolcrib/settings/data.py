"""Where the data is, and how long to wait for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from toolcrib.settings.group import Group
from toolcrib.settings.values import Folder, default_if_empty, named


class Data(Group):
    data_dir: Folder = Field(
        Path("~/.local/share/toolcrib"),
        validation_alias=named("DATA_DIR", "TOOLCRIB_DATA_DIR"),
        description="Folder for the embedded database, the file store and the generated secret.",
    )
    database_url: str = Field(
        "",
        validation_alias=named("DATABASE_URL", "DATABASE_URI"),
        description="`postgresql://…` or `mysql://…` (MariaDB); empty means SQLite in the data directory.",
    )
    postgres_user: str = Field(
        "", validation_alias="POSTGRES_USER", description="Builds DATABASE_URL when that is empty."
    )
    postgres_password: SecretStr = Field(
        SecretStr(""), validation_alias="POSTGRES_PASSWORD", description="See POSTGRES_USER."
    )
    postgres_db: str = Field(
        "", validation_alias=named("POSTGRES_DB", "POSTGRES_DATABASE"), description="See POSTGRES_USER."
    )
    postgres_host: str = Field("db", validation_alias="POSTGRES_HOST", description="See POSTGRES_USER.")
    postgres_port: int = Field(
        5432, ge=1, le=65535, validation_alias="POSTGRES_PORT", description="See POSTGRES_USER."
    )
    database_timeout_seconds: float = Field(
        10.0,
        ge=1,
        validation_alias="DATABASE_TIMEOUT_SECONDS",
        description="Longest wait for PostgreSQL or MariaDB: to connect, for a connection of the pool, for the "
        "answer to a statement. Then the connection is dropped, and waiting requests are answered 503. On SQLite, the "
        "longest wait for another program that writes: all requests that wait meanwhile are refused.",
    )
    database_wait_seconds: float = Field(
        60.0,
        ge=0,
        validation_alias="DATABASE_WAIT_SECONDS",
        description="How long a server or worker waits at its start for PostgreSQL or MariaDB to answer.",
    )
    db_connect_max_retries: int | None = Field(
        None,
        ge=0,
        le=1_000_000,
        validation_alias="DB_CONNECT_MAX_RETRIES",
        description="How often it tries again at its start, every DB_CONNECT_RETRY_SECONDS. Counts instead of "
        "DATABASE_WAIT_SECONDS.",
    )
    db_connect_retry_seconds: float | None = Field(
        None,
        gt=0,
        le=3600,
        validation_alias="DB_CONNECT_RETRY_SECONDS",
        description="Pause between two tries. Empty: 1 second if DB_CONNECT_MAX_RETRIES is set, else pauses that grow "
        "from 0.25 to 5 seconds.",
    )
    database_reserve_mib: int = Field(
        32,
        ge=0,
        le=65536,
        validation_alias="DATABASE_RESERVE_MIB",
        description="Room kept on the disk of an SQLite database, in MiB: a file beside it that is removed when the "
        "disk is full, so that people can still release, delete and sign in. 0: none.",
    )
    request_timeout_seconds: float = Field(
        30.0,
        ge=1,
        validation_alias="REQUEST_TIMEOUT_SECONDS",
        description="A request that makes no progress for so long is answered 503. Progress is each piece of a "
        "body, each answer of the database, each block of a file. Files and answers under way have 300 seconds.",
    )
    health_timeout_seconds: float = Field(
        5.0,
        gt=0,
        validation_alias="HEALTH_TIMEOUT_SECONDS",
        description="How long the detailed health pages wait for each part. All are asked at once.",
    )
    redis_url: str = Field(
        "",
        validation_alias="REDIS_URL",
        description="Job queue and, unless set apart, rate counters. Empty: in process.",
    )
    ratelimit_storage_uri: str = Field(
        "",
        validation_alias="RATELIMIT_STORAGE_URI",
        description="Rate counters shared by all processes. Empty: REDIS_URL.",
    )

    @field_validator("postgres_host", "postgres_port", mode="before")
    @classmethod
    def _empty_address_is_unset(cls, value: Any, info: ValidationInfo) -> Any:
        return default_if_empty(cls, value, info)

    @property
    def database(self) -> str:
        """The database as SQLAlchemy's async URL. Plain `postgresql://` and `mysql://` forms get their driver."""
        url = self.database_url
        if not url and self.postgres_user and self.postgres_db:
            password = quote(self.postgres_password.get_secret_value(), safe="")
            user, name = quote(self.postgres_user, safe=""), quote(self.postgres_db, safe="")
            url = f"postgresql://{user}:{password}@{self.postgres_host}:{self.postgres_port}/{name}"
        if not url:
            url = f"sqlite:///{self.data_dir.absolute() / 'toolcrib.db'}"
        scheme, _, rest = url.partition("://")
        if scheme.startswith("sqlite"):
            rest = self._in_data_dir(rest)
        dialect = {"postgres": "postgresql", "mariadb": "mysql"}.get(
            scheme.partition("+")[0], scheme.partition("+")[0]
        )
        driver = {"sqlite": "aiosqlite", "postgresql": "asyncpg", "mysql": "asyncmy"}.get(dialect)
        if driver is None:
            raise ValueError(f"DATABASE_URL: {scheme} is not supported; use sqlite, postgresql or mysql")
        if dialect == "mysql" and "charset=" not in rest:
            rest += ("&" if "?" in rest else "?") + "charset=utf8mb4"
        return f"{dialect}+{driver}://{rest}"

    def _in_data_dir(self, rest: str) -> str:
        """A relative path of an SQLite file is below the data directory (parts contract, section 11)."""
        path = rest.removeprefix("/")
        if not rest.startswith("/") or not path or path.startswith(("/", ":memory:", "file:")):
            return rest
        return f"/{self.data_dir.absolute() / path}"
