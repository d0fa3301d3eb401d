"""Where content is stored, and how much."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, SecretStr, field_validator

from toolcrib.settings.group import Group
from toolcrib.settings.values import Address, Flag, Folder, Words, named


class Files(Group):
    # Files
    files_dir: Folder | None = Field(
        None,
        validation_alias=named("FILES_DIR", "UPLOAD_FOLDER"),
        description="Folder of the file store. Unset: `files` in the data directory.",
    )
    files_keep_free_mib: int = Field(
        256,
        ge=0,
        validation_alias="FILES_KEEP_FREE_MIB",
        description="Uploads to the folder of the file store are refused that would leave less than this free on its "
        "disk, in MiB.",
    )
    s3_endpoint: str = Field(
        "",
        validation_alias=named("MINIO_SERVICE_URL", "MINIO_ENDPOINT", "S3_ENDPOINT"),
        description="S3 server that keeps the files instead of a folder: a URL, or `host:port` for plain HTTP.",
    )
    s3_access_key: str = Field(
        "minioadmin",
        validation_alias=named("MINIO_ACCESS_KEY", "S3_ACCESS_KEY"),
        description="See MINIO_ENDPOINT.",
    )
    s3_secret_key: SecretStr = Field(
        SecretStr("minioadmin"),
        validation_alias=named("MINIO_SECRET_KEY", "S3_SECRET_KEY"),
        description="See MINIO_ENDPOINT.",
    )
    s3_bucket: str = Field(
        "storage",
        validation_alias=named("MINIO_BUCKET_NAME", "S3_BUCKET"),
        description="Bucket for all files. It is created at start if it is missing.",
    )
    s3_region: str = Field(
        "us-east-1",
        validation_alias=named("MINIO_REGION", "S3_REGION"),
        description="Region the bucket is in.",
    )
    files_grace_hours: float = Field(
        24.0,
        ge=1,
        validation_alias="FILES_GRACE_HOURS",
        description="How long stored bytes that nothing refers to are kept.",
    )

    # Quotas
    quota_person_bytes: int = Field(
        0,
        ge=0,
        validation_alias="QUOTA_PERSON_BYTES",
        description="How many bytes a person may store: their own documents, and what they store in projects that "
        "nobody registered. 0: any number. An administrator may give anybody another quota.",
    )
    quota_company_bytes: int = Field(
        0,
        ge=0,
        validation_alias="QUOTA_COMPANY_BYTES",
        description="How many bytes a company's documents may have. 0: any number.",
    )
    quota_project_bytes: int = Field(
        0,
        ge=0,
        validation_alias="QUOTA_PROJECT_BYTES",
        description="How many bytes a project may store, documents and LFS objects together. 0: any number.",
    )

    # Documents
    storage_max_bytes: int = Field(
        5 * 2**30, gt=0, validation_alias="STORAGE_MAX_BYTES", description="Largest document accepted."
    )
    storage_upload_hours: float = Field(
        24.0,
        gt=0,
        validation_alias="STORAGE_UPLOAD_HOURS",
        description="How long an upload is kept that was not committed or confirmed or, if it is resumable, that "
        "receives nothing.",
    )
    uploads_per_person: int = Field(
        500,
        ge=1,
        validation_alias="UPLOADS_PER_PERSON",
        description="Uploads that one person may have under way: resumable and direct ones that were begun, and, "
        "counted apart in each process, those whose bytes arrive. One more is answered 429.",
    )
    storage_copy_files: int = Field(
        1_000,
        gt=0,
        validation_alias="STORAGE_COPY_FILES",
        description="How many files and folders one copy over WebDAV, or one move to another bucket, takes at most.",
    )
    litter_names: Words = Field(
        [
            ".DS_Store",
            "._*",
            ".Spotlight-V100",
            ".TemporaryItems",
            ".Trashes",
            ".fseventsd",
            ".apdisk",
            "Thumbs.db",
            "ehthumbs.db",
            "desktop.ini",
            "~$*",
            ".~lock.*#",
            ".*.sw?",
            ".#*",
            ".*.kate-swp",
            ".directory",
            ".hidden",
        ],
        validation_alias="LITTER_NAMES",
        description="Names, with `*` and `?`, of files that programs leave beside documents. They are kept for their "
        "programs and counted in quotas, but not versioned, recorded, searched or listed: only WebDAV programs see "
        "them. Comma separated; empty: none.",
    )
    litter_max_bytes: int = Field(
        1_048_576,
        ge=0,
        validation_alias="LITTER_MAX_BYTES",
        description="A larger file with such a name is an ordinary document.",
    )
    webdav_save_seconds: float = Field(
        60.0,
        ge=0,
        le=3600,
        validation_alias="WEBDAV_SAVE_SECONDS",
        description="If a WebDAV program moves a document away or deletes it, and the same person fills its name again "
        "within this time, that is a save: the document comes back to its name with the new content as its next "
        "version. 0: never.",
    )
    webdav_listings_mib: int = Field(
        1_024,
        ge=4,
        validation_alias="WEBDAV_LISTINGS_MIB",
        description="Room that folder listings over WebDAV may take together in each process while they are sent, most "
        "of it in the temporary folder, in MiB. A listing of more than a quarter of it is answered 507, and "
        "one person's listings that are being sent together take no more than that (503).",
    )
    storage_listed_projects: int = Field(
        200,
        gt=0,
        validation_alias="STORAGE_LISTED_PROJECTS",
        description="How many projects that hold documents and that nobody registered are listed at most.",
    )
    project_service_url: Address = Field(
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
    guardian_service_url: Address = Field(
        "",
        validation_alias="GUARDIAN_SERVICE_URL",
        description="Service that decides by roles who may use which route of documents, besides the rights in the "
        "bucket (`POST /check-access`). Empty: it is not asked.",
    )
    guardian_service_name: str = Field(
        "storage",
        validation_alias="GUARDIAN_SERVICE_NAME",
        description="What GUARDIAN_SERVICE_URL calls this service.",
    )
    guardian_service_seconds: float = Field(
        5.0,
        gt=0,
        validation_alias="GUARDIAN_SERVICE_TIMEOUT",
        description="Longest wait for GUARDIAN_SERVICE_URL; without an answer nobody may (403).",
    )
    guardian_scope: Literal["system", "all"] = Field(
        "system",
        validation_alias="GUARDIAN_SCOPE",
        description="Which routes GUARDIAN_SERVICE_URL is asked about: `system` for `/version` and `/config`; `all` "
        "for every route of documents, WebDAV too.",
    )
    environment: str = Field(
        "production",
        validation_alias=named("TOOLCRIB_ENV", "FLASK_ENV"),
        description="What `/api/storage/health` calls this installation. In `development`, an installation without "
        "parts gets some as samples.",
    )

    # Git LFS
    lfs_redirect_url: Address = Field(
        "",
        validation_alias="LFS_REDIRECT_URL",
        description="LFS host that `objects/batch` is sent on to (307); empty serves objects here.",
    )
    lfs_max_object_bytes: int = Field(
        5 * 2**30, gt=0, validation_alias="LFS_MAX_OBJECT_BYTES", description="Largest LFS object accepted."
    )

    @field_validator("s3_endpoint")
    @classmethod
    def _with_scheme(cls, value: str) -> str:
        value = value.strip().rstrip("/")
        return f"http://{value}" if value and "://" not in value else value
