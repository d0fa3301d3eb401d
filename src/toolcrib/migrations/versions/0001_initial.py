"""The first schema: people, claims, the event log, files and what runs beside requests."""

import sqlalchemy as sa
from alembic import op

from toolcrib.kernel.tables import BigId, JsonText, UtcDateTime, exact_string, exact_text
from toolcrib.migrations import steps

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    steps.create_table(
        "claim_waiters",
        sa.Column("id", exact_string(36), nullable=False),
        sa.Column("digest", exact_string(40), nullable=False),
        sa.Column("kind", exact_string(32), nullable=False),
        sa.Column("scope", exact_string(300), nullable=False),
        sa.Column("key", exact_string(1100), nullable=False),
        sa.Column("holder", exact_string(255), nullable=False),
        sa.Column("holder_uuid", exact_string(36), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("position", BigId, nullable=False),
        sa.Column("take", sa.Boolean(), nullable=False),
        sa.Column("until", UtcDateTime(), nullable=True),
        sa.Column("branch", exact_string(255), nullable=True),
        sa.Column("comment", exact_text(), nullable=True),
        sa.Column("ttl_seconds", BigId, nullable=True),
        sa.Column("data", JsonText(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_claim_waiters"),
        sa.UniqueConstraint("digest", "holder_uuid", name="uq_claim_waiters_digest_holder_uuid"),
    )
    steps.create_index(
        "ix_claim_waiters_digest_position", "claim_waiters", ["digest", "position"], unique=False
    )
    steps.create_index("ix_claim_waiters_holder_uuid", "claim_waiters", ["holder_uuid"], unique=False)
    steps.create_table(
        "claims",
        sa.Column("digest", exact_string(40), nullable=False),
        sa.Column("kind", exact_string(32), nullable=False),
        sa.Column("scope", exact_string(300), nullable=False),
        sa.Column("key", exact_string(1100), nullable=False),
        sa.Column("holder", exact_string(255), nullable=False),
        sa.Column("holder_uuid", exact_string(36), nullable=False),
        sa.Column("branch", exact_string(255), nullable=True),
        sa.Column("comment", exact_text(), nullable=True),
        sa.Column("acquired_at", UtcDateTime(), nullable=False),
        sa.Column("renewed_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=True),
        sa.Column("heartbeat", sa.Boolean(), nullable=False),
        sa.Column("fence", BigId, nullable=False),
        sa.Column("data", JsonText(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_claims"),
        sa.UniqueConstraint("fence", name="uq_claims_fence"),
    )
    steps.create_index("ix_claims_expires_at", "claims", ["expires_at"], unique=False)
    steps.create_index("ix_claims_holder_uuid", "claims", ["holder_uuid"], unique=False)
    steps.create_index("ix_claims_kind_scope", "claims", ["kind", "scope"], unique=False)
    steps.create_table(
        "companies",
        sa.Column("id", exact_string(36), nullable=False),
        sa.Column("name", exact_string(255), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_companies"),
        sa.UniqueConstraint("name", name="uq_companies_name"),
    )
    steps.create_table(
        "config",
        sa.Column("key", exact_string(80), nullable=False),
        sa.Column("value", exact_text(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("updated_by", exact_string(255), nullable=True),
        sa.PrimaryKeyConstraint("key", name="pk_config"),
    )
    steps.create_table(
        "event_counter",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seq", BigId, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_event_counter"),
    )
    steps.create_table(
        "events",
        sa.Column("seq", BigId, autoincrement=False, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("actor", exact_string(255), nullable=True),
        sa.Column("verb", exact_string(40), nullable=False),
        sa.Column("kind", exact_string(32), nullable=False),
        sa.Column("scope", exact_string(300), nullable=False),
        sa.Column("key", exact_string(1100), nullable=False),
        sa.Column("digest", exact_string(40), nullable=False),
        sa.Column("data", JsonText(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_events"),
    )
    steps.create_index("ix_events_at", "events", ["at"], unique=False)
    steps.create_index("ix_events_digest_seq", "events", ["digest", "seq"], unique=False)
    steps.create_index("ix_events_kind_seq", "events", ["kind", "seq"], unique=False)
    steps.create_table(
        "log_readers",
        sa.Column("name", exact_string(64), nullable=False),
        sa.Column("seq", BigId, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_log_readers"),
    )
    steps.create_table(
        "oidc_states",
        sa.Column("digest", exact_string(64), nullable=False),
        sa.Column("verifier", exact_string(512), nullable=False),
        sa.Column("nonce", exact_string(128), nullable=False),
        sa.Column("redirect_uri", exact_string(1024), nullable=False),
        sa.Column("browser", exact_string(64), nullable=True),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_oidc_states"),
    )
    steps.create_index("ix_oidc_states_expires_at", "oidc_states", ["expires_at"], unique=False)
    steps.create_table(
        "outbox",
        sa.Column("id", BigId, nullable=False),
        sa.Column("to_address", exact_string(320), nullable=False),
        sa.Column("subject", exact_text(), nullable=False),
        sa.Column("text", exact_text(), nullable=False),
        sa.Column("html", exact_text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", UtcDateTime(), nullable=False),
        sa.Column("last_error", exact_string(200), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
    )
    steps.create_index("ix_outbox_next_attempt_at", "outbox", ["next_attempt_at"], unique=False)
    steps.create_table(
        "retired_names",
        sa.Column("name", exact_string(255), nullable=False),
        sa.Column("retired_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_retired_names"),
    )
    steps.create_table(
        "schedule",
        sa.Column("name", exact_string(80), nullable=False),
        sa.Column("next_at", UtcDateTime(), nullable=False),
        sa.Column("last_started_at", UtcDateTime(), nullable=True),
        sa.Column("last_finished_at", UtcDateTime(), nullable=True),
        sa.Column("last_error", exact_string(200), nullable=True),
        sa.PrimaryKeyConstraint("name", name="pk_schedule"),
    )
    steps.create_table(
        "server_alive",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_server_alive"),
    )
    steps.create_table(
        "projects",
        sa.Column("id", exact_string(36), nullable=False),
        sa.Column("name", exact_string(255), nullable=False),
        sa.Column("company_id", exact_string(36), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("deleted_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"], name="fk_projects_company_id"),
        sa.PrimaryKeyConstraint("id", name="pk_projects"),
        sa.UniqueConstraint("name", name="uq_projects_name"),
    )
    steps.create_index("ix_projects_company_id", "projects", ["company_id"], unique=False)
    steps.create_table(
        "users",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("uuid", exact_string(36), nullable=False),
        sa.Column("username", exact_string(255), nullable=False),
        sa.Column("email", exact_string(254), nullable=True),
        sa.Column("email_key", exact_string(320), nullable=True),
        sa.Column("password_hash", exact_string(255), nullable=True),
        sa.Column("oidc_subject", exact_string(255), nullable=True),
        sa.Column("is_admin", sa.Boolean(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("company_id", exact_string(36), nullable=True),
        sa.Column("company_role", exact_string(16), nullable=True),
        sa.Column("token_version", BigId, nullable=False),
        sa.Column("tokens_valid_from", UtcDateTime(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"], name="fk_users_company_id"),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
        sa.UniqueConstraint("email_key", name="uq_users_email_key"),
        sa.UniqueConstraint("oidc_subject", name="uq_users_oidc_subject"),
        sa.UniqueConstraint("username", name="uq_users_username"),
        sa.UniqueConstraint("uuid", name="uq_users_uuid"),
        sqlite_autoincrement=True,
    )
    steps.create_index("ix_users_company_id", "users", ["company_id"], unique=False)
    steps.create_table(
        "api_keys",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("user_id", BigId, nullable=False),
        sa.Column("name", exact_string(255), nullable=False),
        sa.Column("prefix", exact_string(16), nullable=False),
        sa.Column("digest", exact_string(64), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("last_used_at", UtcDateTime(), nullable=True),
        sa.Column("expires_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_api_keys_user_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_api_keys"),
        sa.UniqueConstraint("digest", name="uq_api_keys_digest"),
        sqlite_autoincrement=True,
    )
    steps.create_index("ix_api_keys_user_id", "api_keys", ["user_id"], unique=False)
    steps.create_table(
        "pending_changes",
        sa.Column("digest", exact_string(64), nullable=False),
        sa.Column("user_id", BigId, nullable=False),
        sa.Column("purpose", exact_string(16), nullable=False),
        sa.Column("value", exact_string(255), nullable=True),
        sa.Column("email_key", exact_string(320), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name="fk_pending_changes_user_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("digest", name="pk_pending_changes"),
    )
    steps.create_index("ix_pending_changes_email_key", "pending_changes", ["email_key"], unique=False)
    steps.create_index("ix_pending_changes_expires_at", "pending_changes", ["expires_at"], unique=False)
    steps.create_index(
        "ix_pending_changes_user_id_purpose", "pending_changes", ["user_id", "purpose"], unique=False
    )
    steps.create_table(
        "project_members",
        sa.Column("project_id", exact_string(36), nullable=False),
        sa.Column("user_id", BigId, autoincrement=False, nullable=False),
        sa.Column("role", exact_string(16), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name="fk_project_members_project_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name="fk_project_members_user_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("project_id", "user_id", name="pk_project_members"),
    )
    steps.create_index("ix_project_members_user_id", "project_members", ["user_id"], unique=False)
    steps.create_table(
        "blobs",
        sa.Column("id", BigId, nullable=False),
        sa.Column("tenant", exact_string(300), nullable=False),
        sa.Column("sha256", exact_string(64), nullable=False),
        sa.Column("size", BigId, nullable=False),
        sa.Column("key", exact_string(64), nullable=False),
        sa.Column("refs", BigId, nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("unreferenced_at", UtcDateTime(), nullable=True),
        sa.Column("lost_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_blobs"),
        sa.UniqueConstraint("key", name="uq_blobs_key"),
        sa.UniqueConstraint("tenant", "sha256", name="uq_blobs_tenant_sha256"),
    )
    steps.create_index("ix_blobs_unreferenced_at", "blobs", ["unreferenced_at"], unique=False)
    steps.create_table(
        "doomed_objects",
        sa.Column("key", exact_string(64), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_doomed_objects"),
    )
    steps.create_index("ix_doomed_objects_due_at", "doomed_objects", ["due_at"], unique=False)
    steps.create_table(
        "lfs_objects",
        sa.Column("id", BigId, nullable=False),
        sa.Column("scope", exact_string(300), nullable=False),
        sa.Column("oid", exact_string(64), nullable=False),
        sa.Column("size", BigId, nullable=False),
        sa.Column("blob_id", BigId, nullable=False),
        sa.Column("created_by", exact_string(255), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["blob_id"], ["blobs.id"], name="fk_lfs_objects_blob_id"),
        sa.PrimaryKeyConstraint("id", name="pk_lfs_objects"),
        sa.UniqueConstraint("scope", "oid", name="uq_lfs_objects_scope_oid"),
    )
    steps.create_index("ix_lfs_objects_blob_id", "lfs_objects", ["blob_id"], unique=False)
    # The rows that are updated in place, never inserted by the server.
    op.execute(
        "INSERT INTO event_counter (id, seq) SELECT 1, 0 WHERE NOT EXISTS (SELECT 1 FROM event_counter)"
    )
    op.execute(
        "INSERT INTO server_alive (id, at)"
        " SELECT 1, '2000-01-01 00:00:00.000000' WHERE NOT EXISTS (SELECT 1 FROM server_alive)"
    )
