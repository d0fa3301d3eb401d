"""Settings that other programs' operators know by other names, or that are built from several."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from toolcrib.settings import Settings


@pytest.fixture
def from_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    def read(**named: str) -> Settings:
        for name in os.environ:
            if name not in {"PATH", "HOME", "TMPDIR"}:
                monkeypatch.delenv(name)
        monkeypatch.setenv("DATA_DIR", str(tmp_path))
        for name, value in named.items():
            monkeypatch.setenv(name, value)
        return Settings()

    return read


def test_a_database_is_named_by_its_parts(from_environment: Any) -> None:
    parts = {
        "POSTGRES_USER": "desk user",
        "POSTGRES_PASSWORD": "p@ss:w/rd",
        "POSTGRES_DATABASE": "desktop_manager",
    }
    read = from_environment(**parts, POSTGRES_HOST="db.example.com", POSTGRES_PORT="6543")
    assert (
        read.database
        == "postgresql+asyncpg://desk%20user:p%40ss%3Aw%2Frd@db.example.com:6543/desktop_manager"
    )
    assert from_environment(**parts, POSTGRES_PORT="").database.endswith("@db:5432/desktop_manager")
    both = from_environment(**parts, POSTGRES_DB="locks")
    assert both.database.endswith("/locks")
    for port in ("0", "65536", "x"):
        with pytest.raises(ValidationError):
            from_environment(**parts, POSTGRES_PORT=port)


def test_sign_in_settings_have_their_other_names(from_environment: Any) -> None:
    read = from_environment(
        SOCIAL_AUTH_OIDC_PROVIDER_URL="https://id.example.com/",
        SOCIAL_AUTH_OIDC_CLIENT_ID="desk",
        SOCIAL_AUTH_OIDC_CLIENT_SECRET="s3cret",
        SOCIAL_AUTH_OIDC_FRONTEND_REDIRECT_URI="https://desk.example.com/auth/oidc/callback",
        SOCIAL_AUTH_OIDC_CALLBACK_URL="https://api.example.com/api/auth/oidc/callback",  # was never used
        FLASK_DEBUG="1",
        LOG_LEVEL="INFO",
    )
    assert read.oidc_provider_url == "https://id.example.com"
    assert (read.oidc_client_id, read.oidc_client_secret.get_secret_value()) == ("desk", "s3cret")
    assert read.oidc_callback_url == "https://desk.example.com/auth/oidc/callback"
    assert (read.debug, read.log_level) == (True, "info")
    assert from_environment(SOCIAL_AUTH_OIDC_CLIENT_ID="old", OIDC_CLIENT_ID="new").oidc_client_id == "new"


@pytest.mark.parametrize(
    "key", ["secret", "x" * 44, "A" * 43, "A" * 44, "!" * 43 + "=", "A" * 42 + "==", " " + "A" * 43 + "="]
)
def test_a_key_that_is_none_is_refused_and_not_said(from_environment: Any, key: str) -> None:
    for name in ("ENCRYPTION_KEY", "ENCRYPTION_KEY_PREVIOUS"):
        with pytest.raises(ValidationError, match="32 random bytes") as refused:
            from_environment(**{name: key})
        assert key not in refused.value.errors()[0]["msg"]


@pytest.mark.parametrize("algorithm", ["none", "RS256", "hs256", "HS1"])
def test_only_known_algorithms_sign(from_environment: Any, algorithm: str) -> None:
    with pytest.raises(ValidationError):
        from_environment(JWT_ALGORITHM=algorithm)
    assert from_environment(JWT_ALGORITHM="").jwt_algorithm == "HS256"


def test_no_group_of_settings_hides_a_check_of_another(from_environment: Any) -> None:
    """Pydantic knows a check by the name of its method, of which the classes that are joined have only one."""
    names = [
        name
        for group in Settings.__mro__
        if group.__module__.startswith("toolcrib.settings.")
        for name in vars(group)["__pydantic_decorators__"].field_validators
        if name in vars(group)
    ]
    assert len(names) > 10
    assert len(names) == len(set(names))
    assert from_environment(CONVERT_TIMEOUT="", ONSHAPE_API_BASE_URL="").convert_timeout == 60
