"""Every setting, once: environment first, then `config.json` in the data directory, then these defaults.

`docs/configuration.md` is generated from this file, so each field says what it means to an operator.
"""

from __future__ import annotations

import json
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import quote

from pydantic import AliasChoices, BeforeValidator, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict


def _flag(value: Any) -> Any:
    """Booleans as existing `.env` files spell them (asset-locks contract, section 6): all else is false."""
    return value.strip().lower() in {"true", "1", "t", "yes", "on"} if isinstance(value, str) else value


def _words(value: Any) -> Any:
    return [word.strip() for word in value.split(",") if word.strip()] if isinstance(value, str) else value


def _minutes(value: Any) -> Any:
    """A lifetime that cannot be read means no expiry (asset-locks contract, section 6)."""
    if isinstance(value, str):
        try:
            value = int(value)
        except ValueError:
            return 0
    return max(0, value) if isinstance(value, int) else value


CONFIG_NAME = "config.json"

Flag = Annotated[bool, BeforeValidator(_flag)]
Words = Annotated[list[str], NoDecode, BeforeValidator(_words)]
Minutes = Annotated[int, BeforeValidator(_minutes)]


def _named(*names: str) -> AliasChoices:
    return AliasChoices(*names)


class ConfigFile(PydanticBaseSettingsSource):
    """`config.json` in the data directory: the same names as the environment, any case."""

    def __init__(self, settings_cls: type[BaseSettings], data_dir: Path) -> None:
        super().__init__(settings_cls)
        self.path = data_dir / CONFIG_NAME

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        if not self.path.exists():
            return {}
        found = json.loads(self.path.read_text(encoding="utf-8"))
        if not isinstance(found, dict):
            raise TypeError(f"{self.path.name} must hold a JSON object")
        return {name.upper(): value for name, value in found.items()}


class Settings(BaseSettings):
    model_config = SettingsConfigDict(
        case_sensitive=False, extra="ignore", populate_by_name=True, frozen=True
    )

    # Where things are
    data_dir: Path = Field(
        Path("~/.local/share/toolcrib"),
        validation_alias=_named("DATA_DIR", "TOOLCRIB_DATA_DIR"),
        description="Folder for the embedded database, the file store and the generated secret.",
    )
    database_url: str = Field(
        "",
        validation_alias=_named("DATABASE_URL", "DATABASE_URI"),
        description="`postgresql://…` or `mysql://…` (MariaDB); empty means SQLite in the data directory.",
    )
    postgres_user: str = Field(
        "", validation_alias="POSTGRES_USER", description="Builds DATABASE_URL when that is empty."
    )
    postgres_password: SecretStr = Field(
        SecretStr(""), validation_alias="POSTGRES_PASSWORD", description="See POSTGRES_USER."
    )
    postgres_db: str = Field("", validation_alias="POSTGRES_DB", description="See POSTGRES_USER.")
    postgres_host: str = Field("db", validation_alias="POSTGRES_HOST", description="See POSTGRES_USER.")
    database_timeout_seconds: float = Field(
        10.0,
        ge=1,
        validation_alias="DATABASE_TIMEOUT_SECONDS",
        description="Longest wait for PostgreSQL or MariaDB: to connect, for a connection of the pool, for the "
        "answer to a statement. Then the connection is dropped, and whoever waited is answered 503.",
    )
    database_wait_seconds: float = Field(
        60.0,
        ge=0,
        validation_alias="DATABASE_WAIT_SECONDS",
        description="How long a server or worker waits at its start for PostgreSQL or MariaDB to answer.",
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

    # How it is reached
    host: str = Field("127.0.0.1", validation_alias="HOST", description="Address to listen on.")
    port: int = Field(5000, ge=0, le=65535, validation_alias="PORT", description="Port to listen on.")
    base_path: str = Field(
        "", validation_alias="BASE_PATH", description="Sub-path the whole site lives under, like `/crib`."
    )
    public_url: str = Field(
        "",
        validation_alias=_named("FRONTEND_BASE_URL", "PUBLIC_URL"),
        description="The site's address as people type it; links in mail and refusals start with it.",
    )
    api_at_root: Flag = Field(
        False, validation_alias="API_AT_ROOT", description="Also answer API routes without the `/api` prefix."
    )
    trusted_proxies: Words = Field(
        ["127.0.0.1", "::1"],
        validation_alias="TRUSTED_PROXIES",
        description="Proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed: addresses and networks "
        "(`10.0.0.0/8`), comma separated; `*` for whoever connects.",
    )
    cors_origins: Words = Field(
        [],
        validation_alias="CORS_ORIGINS",
        description="Other origins whose pages may call the API, comma separated.",
    )
    cookie_secure: Flag = Field(
        False,
        validation_alias="COOKIE_SECURE",
        description="Mark the sign-in cookie Secure even when the request was HTTP.",
    )
    max_body_bytes: int = Field(
        65_536,
        ge=65_536,
        validation_alias="MAX_BODY_BYTES",
        description="Largest ordinary JSON body; uploads and bulk calls have their own.",
    )
    max_connections: int = Field(
        4_096,
        ge=16,
        validation_alias="MAX_CONNECTIONS",
        description="Connections at the same time, in each process; fewer if it may have fewer descriptors. A few "
        "more are taken for `/health` alone.",
    )
    connections_per_address: int = Field(
        512,
        ge=1,
        validation_alias="CONNECTIONS_PER_ADDRESS",
        description="Of those, how many one address may have (an IPv6 network of 64 bits counts as one). For what "
        "comes through TRUSTED_PROXIES, how many requests under way from the address that the proxy names.",
    )
    head_seconds: float = Field(
        20.0,
        gt=0,
        validation_alias="HEAD_SECONDS",
        description="How long a connection may stay without the whole head of a request; a quarter of it while all "
        "connections are taken.",
    )
    keep_alive_seconds: float = Field(
        5.0,
        gt=0,
        validation_alias="KEEP_ALIVE_SECONDS",
        description="How long a connection on which nothing comes stays open after an answer.",
    )
    body_memory_bytes: int = Field(
        128 * 2**20,
        ge=2**20,
        validation_alias="BODY_MEMORY_BYTES",
        description="Memory that the bodies of requests under way may fill together, in each process: half of it for "
        "one person, a quarter for all who have not signed in. Beyond it they are told to try again (503). Uploads are "
        "written as they arrive and do not count.",
    )
    body_stall_seconds: float = Field(
        60.0,
        gt=0,
        validation_alias="BODY_STALL_SECONDS",
        description="How long a body may stop arriving before the request is ended (408).",
    )
    body_bytes_per_second: int = Field(
        512,
        gt=0,
        validation_alias="BODY_BYTES_PER_SECOND",
        description="Slowest pace at which a body may arrive; a stop counts no longer than BODY_STALL_SECONDS. An "
        "upload may take as long as it likes.",
    )

    # Who people are
    secret: SecretStr = Field(
        SecretStr(""),
        validation_alias=_named("JWT_SECRET_KEY", "JWT_SECRET", "SECRET_KEY"),
        description="Signs tokens and encrypts stored secrets. Empty: generated once and kept in the data directory.",
    )
    jwt_issuer: str = Field(
        "toolcrib", validation_alias="JWT_ISSUER", description="`iss` of the tokens we issue."
    )
    jwt_minutes: Minutes = Field(
        0,
        validation_alias=_named("JWT_ACCESS_TOKEN_EXPIRES_MINUTES", "JWT_EXPIRES_MINUTES"),
        description="Token lifetime in minutes; 0 means tokens do not expire.",
    )
    trust_token_issuers: Words = Field(
        [],
        validation_alias="TRUST_TOKEN_ISSUERS",
        description="Issuers whose tokens, signed with our secret, create unknown people and say by `company_id` which "
        "company the caller belongs to; `*` for any.",
    )
    initial_admin_user: str = Field(
        "",
        validation_alias=_named("INITIAL_ADMIN_USER", "INITIAL_ADMIN_USERNAME", "ADMIN_DEFAULT_USERNAME"),
        description="First administrator. Unset: `admin` with a random password, printed once.",
    )
    initial_admin_email: str = Field(
        "", validation_alias="INITIAL_ADMIN_EMAIL", description="See INITIAL_ADMIN_USER."
    )
    initial_admin_password: SecretStr = Field(
        SecretStr(""),
        validation_alias=_named("INITIAL_ADMIN_PASSWORD", "ADMIN_DEFAULT_PASSWORD"),
        description="See INITIAL_ADMIN_USER.",
    )
    password_min_length: int = Field(
        8, ge=1, le=128, validation_alias="PASSWORD_MIN_LENGTH", description="Shortest new password."
    )
    login_rate: str = Field(
        "10/minute",
        validation_alias="LOGIN_RATE",
        description="Sign-in attempts per client address; in HTTP Basic only wrong passwords count.",
    )
    session_days: int = Field(
        30,
        ge=1,
        le=400,
        validation_alias="SESSION_DAYS",
        description="How long a browser stays signed in, unless tokens expire earlier.",
    )
    sessions_per_person: int = Field(
        100,
        ge=1,
        validation_alias="SESSIONS_PER_PERSON",
        description="Browsers in which one person may be signed in; beyond it, the one used longest ago is signed out.",
    )
    credentials_kept: int = Field(
        20_000,
        ge=1,
        validation_alias="CREDENTIALS_KEPT",
        description="Credentials that each process remembers the answer to, so that it asks the database less.",
    )
    oidc_provider_url: str = Field(
        "",
        validation_alias=_named("OIDC_PROVIDER_URL", "SOCIAL_AUTH_OIDC_PROVIDER_URL"),
        description="OpenID Connect issuer; sign-in by OIDC is off without it.",
    )
    oidc_client_id: str = Field(
        "",
        validation_alias=_named("OIDC_CLIENT_ID", "SOCIAL_AUTH_OIDC_CLIENT_ID"),
        description="See OIDC_PROVIDER_URL.",
    )
    oidc_client_secret: SecretStr = Field(
        SecretStr(""),
        validation_alias=_named("OIDC_CLIENT_SECRET", "SOCIAL_AUTH_OIDC_CLIENT_SECRET"),
        description="See OIDC_PROVIDER_URL.",
    )
    oidc_callback_url: str = Field(
        "",
        validation_alias=_named("OIDC_CALLBACK_URL", "SOCIAL_AUTH_OIDC_FRONTEND_REDIRECT_URI"),
        description="Page of another web app that the provider returns to. Empty: our own.",
    )
    oidc_create_users: Flag = Field(
        True,
        validation_alias="OIDC_CREATE_USERS",
        description="Create an account for whoever the provider vouches for; otherwise only those known get in.",
    )
    oidc_label: str = Field(
        "Single sign-on", validation_alias="OIDC_LABEL", description="Text of the sign-in button."
    )

    # Who may do what
    default_project: str = Field(
        "default", validation_alias="DEFAULT_PROJECT", description="Project of routes that name none."
    )
    unknown_projects: Literal["open", "refuse"] = Field(
        "open",
        validation_alias="UNKNOWN_PROJECTS",
        description="Whether a project name nobody registered is open to every signed-in user.",
    )
    project_creation: Literal["anyone", "admin"] = Field(
        "anyone", validation_alias="PROJECT_CREATION", description="Who may register projects."
    )
    disabled_holders: Literal["stay", "release", "owner"] = Field(
        "stay",
        validation_alias="DISABLED_HOLDERS",
        description="What becomes of asset and document locks when their holder's account is disabled: they stay, are "
        "released, or pass to an owner of the project or company (and stay where there is no other). A removed "
        "account's are released, or pass to that owner.",
    )

    # Defaults of the runtime configuration
    auto_release_enabled: Flag = Field(
        False, validation_alias="AUTO_RELEASE_ENABLED", description="Default of `auto_release.enabled`."
    )
    auto_release_hours: int = Field(
        72,
        validation_alias="AUTO_RELEASE_HOURS",
        description="Default of `auto_release.hours`; below 1 counts as 1.",
    )

    # Mail
    mail_enabled: Flag = Field(
        False, validation_alias="MAIL_ENABLED", description="Master switch: false sends nothing, ever."
    )
    mail_server: str = Field(
        "", validation_alias="MAIL_SERVER", description="SMTP host; required when mail is on."
    )
    mail_port: int = Field(587, validation_alias="MAIL_PORT", description="SMTP port.")
    mail_use_tls: Flag = Field(False, validation_alias="MAIL_USE_TLS", description="STARTTLS.")
    mail_use_ssl: Flag = Field(False, validation_alias="MAIL_USE_SSL", description="Implicit TLS.")
    mail_username: str = Field("", validation_alias="MAIL_USERNAME", description="SMTP account.")
    mail_password: SecretStr = Field(
        SecretStr(""), validation_alias="MAIL_PASSWORD", description="SMTP password."
    )
    mail_sender: str = Field(
        "Toolcrib <no-reply@localhost>",
        validation_alias="MAIL_DEFAULT_SENDER",
        description="From address, may be `Name <addr>`.",
    )
    mail_ehlo_name: str = Field(
        "",
        max_length=255,
        pattern=r"^[\w.:\[\]-]*$",
        validation_alias="MAIL_EHLO_NAME",
        description="How the server introduces itself to the mail server (EHLO); its host name by default. Some mail "
        "servers refuse names that are not fully qualified.",
    )
    mail_timeout_seconds: float = Field(
        10.0,
        gt=0,
        validation_alias="MAIL_TIMEOUT_SECONDS",
        description="Longest wait for the mail server, per step.",
    )
    custom_ca_cert_path: str = Field(
        "",
        validation_alias="CUSTOM_CA_CERT_PATH",
        description="Folder or file of a CA to trust for SMTP TLS.",
    )
    custom_ca_cert_filename: str = Field(
        "custom-ca.crt",
        validation_alias="CUSTOM_CA_CERT_FILENAME",
        description="File name inside CUSTOM_CA_CERT_PATH.",
    )

    # Files
    files_dir: Path | None = Field(
        None,
        validation_alias="FILES_DIR",
        description="Folder of the file store. Unset: `files` in the data directory.",
    )
    s3_endpoint: str = Field(
        "",
        validation_alias=_named("MINIO_SERVICE_URL", "MINIO_ENDPOINT", "S3_ENDPOINT"),
        description="S3 server that keeps the files instead of a folder: a URL, or `host:port` for plain HTTP.",
    )
    s3_access_key: str = Field(
        "minioadmin",
        validation_alias=_named("MINIO_ACCESS_KEY", "S3_ACCESS_KEY"),
        description="See MINIO_ENDPOINT.",
    )
    s3_secret_key: SecretStr = Field(
        SecretStr("minioadmin"),
        validation_alias=_named("MINIO_SECRET_KEY", "S3_SECRET_KEY"),
        description="See MINIO_ENDPOINT.",
    )
    s3_bucket: str = Field(
        "storage",
        validation_alias=_named("MINIO_BUCKET_NAME", "S3_BUCKET"),
        description="Bucket all files go to. It is made at start where it is missing.",
    )
    s3_region: str = Field(
        "us-east-1",
        validation_alias=_named("MINIO_REGION", "S3_REGION"),
        description="Region the bucket is in.",
    )
    files_grace_hours: float = Field(
        24.0,
        ge=1,
        validation_alias="FILES_GRACE_HOURS",
        description="How long stored bytes that nothing refers to are kept.",
    )

    # Documents
    storage_max_bytes: int = Field(
        5 * 2**30, gt=0, validation_alias="STORAGE_MAX_BYTES", description="Largest document accepted."
    )
    storage_upload_hours: float = Field(
        24.0,
        gt=0,
        validation_alias="STORAGE_UPLOAD_HOURS",
        description="How long an upload is kept that nobody committed or confirmed or, if it is resumable, that "
        "nothing comes for.",
    )
    project_service_url: str = Field(
        "",
        validation_alias="PROJECT_SERVICE_URL",
        description="Service that decides who may do what in `projects` buckets. Empty: the memberships kept here.",
    )
    use_project_service: Flag = Field(
        True,
        validation_alias="USE_PROJECT_SERVICE",
        description="Off: PROJECT_SERVICE_URL is not asked, the memberships kept here decide.",
    )
    project_service_seconds: float = Field(
        2.0,
        gt=0,
        validation_alias="PROJECT_SERVICE_SECONDS",
        description="Longest wait for the project service.",
    )
    environment: str = Field(
        "production",
        validation_alias=_named("TOOLCRIB_ENV", "FLASK_ENV"),
        description="What `/api/storage/health` calls this installation.",
    )

    # Git LFS
    lfs_redirect_url: str = Field(
        "",
        validation_alias="LFS_REDIRECT_URL",
        description="LFS host that `objects/batch` is sent on to (307); empty serves objects here.",
    )
    lfs_max_object_bytes: int = Field(
        5 * 2**30, gt=0, validation_alias="LFS_MAX_OBJECT_BYTES", description="Largest LFS object accepted."
    )

    # Running it
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", validation_alias="LOG_LEVEL", description="Least severe log line written."
    )
    log_format: Literal["console", "json"] = Field(
        "console", validation_alias="LOG_FORMAT", description="How log lines look."
    )
    metrics_access: Literal["token", "loopback", "open"] = Field(
        "loopback",
        validation_alias="METRICS_ACCESS",
        description="Who may read `/metrics`, and version, environment and response times on the health pages: "
        "`loopback` programs on this machine (never a request with a forwarding header), `open` everybody, `token` "
        "neither. Whoever shows METRICS_TOKEN always may; `/metrics` is for administrators, too.",
    )
    metrics_token: SecretStr = Field(
        SecretStr(""),
        validation_alias="METRICS_TOKEN",
        description="Lets whoever sends it as `Authorization: Bearer …` read what METRICS_ACCESS is about.",
    )
    heartbeat_grace_seconds: int = Field(
        60,
        ge=0,
        validation_alias="HEARTBEAT_GRACE_SECONDS",
        description="How long after a start claims kept alive by heartbeats may not expire.",
    )
    shutdown_seconds: float = Field(
        45.0,
        gt=0,
        validation_alias="SHUTDOWN_SECONDS",
        description="A server or worker that has not ended this long after it was asked to is ended by force "
        "(exit status 1). Requests and jobs under way get 20 seconds each before.",
    )
    sweep_seconds: float = Field(
        5.0, gt=0, validation_alias="SWEEP_SECONDS", description="How often claims that ended are announced."
    )
    tail_seconds: float = Field(
        0.2,
        gt=0,
        le=1,
        validation_alias="TAIL_SECONDS",
        description="How often other processes' events are looked for.",
    )
    stream_heartbeat_seconds: float = Field(
        15.0,
        gt=0,
        validation_alias="STREAM_HEARTBEAT_SECONDS",
        description="A silent event stream says that often that it is there, and looks whether its reader may stay. "
        "Below the idle limit of a proxy in front.",
    )

    @field_validator("log_level", mode="before")
    @classmethod
    def _lower(cls, value: Any) -> Any:
        return value.lower() if isinstance(value, str) else value

    @field_validator("trusted_proxies")
    @classmethod
    def _addresses(cls, value: list[str]) -> list[str]:
        try:
            for each in value:
                if each != "*":
                    ip_network(each, strict=False)
        except ValueError:
            raise ValueError(
                "write addresses, networks like 10.0.0.0/8, or *; host names are not looked up"
            ) from None
        return value

    @field_validator("base_path")
    @classmethod
    def _rooted(cls, value: str) -> str:
        trimmed = value.strip("/")
        return f"/{trimmed}" if trimmed else ""

    @field_validator("s3_endpoint")
    @classmethod
    def _with_scheme(cls, value: str) -> str:
        value = value.strip().rstrip("/")
        return f"http://{value}" if value and "://" not in value else value

    @field_validator("public_url", "oidc_provider_url", "lfs_redirect_url", "project_service_url")
    @classmethod
    def _no_trailing_slash(cls, value: str) -> str:
        return value.rstrip("/")

    @field_validator("auto_release_hours")
    @classmethod
    def _at_least_one(cls, value: int) -> int:
        return max(1, value)

    @field_validator("data_dir", "files_dir")
    @classmethod
    def _expand(cls, value: Path | None) -> Path | None:
        return value.expanduser() if value is not None else None

    @model_validator(mode="after")
    def _mail_has_a_server(self) -> Settings:
        if self.mail_enabled and not self.mail_server:
            raise ValueError("MAIL_ENABLED is true but MAIL_SERVER is not set")
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        named = {**env_settings(), **init_settings()}
        data_dir = next((named[n] for n in ("data_dir", "DATA_DIR", "TOOLCRIB_DATA_DIR") if n in named), None)
        folder = Path(data_dir) if data_dir else cls.model_fields["data_dir"].default
        return init_settings, env_settings, ConfigFile(settings_cls, folder.expanduser())

    @property
    def heartbeat_grace(self) -> timedelta:
        return timedelta(seconds=self.heartbeat_grace_seconds)

    @property
    def database(self) -> str:
        """The database as SQLAlchemy's async URL. Plain `postgresql://` and `mysql://` forms get their driver."""
        url = self.database_url
        if not url and self.postgres_user and self.postgres_db:
            password = quote(self.postgres_password.get_secret_value(), safe="")
            user = quote(self.postgres_user, safe="")
            url = f"postgresql://{user}:{password}@{self.postgres_host}:5432/{self.postgres_db}"
        if not url:
            url = f"sqlite:///{self.data_dir.absolute() / 'toolcrib.db'}"
        scheme, _, rest = url.partition("://")
        dialect = {"postgres": "postgresql", "mariadb": "mysql"}.get(
            scheme.partition("+")[0], scheme.partition("+")[0]
        )
        driver = {"sqlite": "aiosqlite", "postgresql": "asyncpg", "mysql": "asyncmy"}.get(dialect)
        if driver is None:
            raise ValueError(f"DATABASE_URL: {scheme} is not supported; use sqlite, postgresql or mysql")
        if dialect == "mysql" and "charset=" not in rest:
            rest += ("&" if "?" in rest else "?") + "charset=utf8mb4"
        return f"{dialect}+{driver}://{rest}"
