"""Who people are, and how they sign in."""

from __future__ import annotations

import re
from typing import Any, Literal

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from toolcrib.settings.group import Group
from toolcrib.settings.group_roles import GroupRoles
from toolcrib.settings.values import Address, Flag, Minutes, Words, default_if_empty, named

# 32 bytes in base64, with either alphabet (RFC 4648).
KEY = re.compile(r"[A-Za-z0-9+/_-]{43}=")


class People(Group):
    jwt_secret: SecretStr = Field(
        SecretStr(""),
        validation_alias=named("JWT_SECRET_KEY", "JWT_SECRET"),
        description="Signs tokens and encrypts stored secrets; at least 32 bytes. Empty: SECRET_KEY, else one that is "
        "generated once and kept in the data directory.",
    )
    secret_key: SecretStr = Field(
        SecretStr(""),
        validation_alias="SECRET_KEY",
        description="Another name of JWT_SECRET_KEY. Where both are set, see PARTS_API_KEY.",
    )
    secret_previous: SecretStr = Field(
        SecretStr(""),
        validation_alias=named("JWT_SECRET_PREVIOUS", "JWT_SECRET_KEY_PREVIOUS"),
        description="The secret before the present one: what it signed is still verified, and what it encrypted is "
        "still opened. `toolcrib admin rotate-secret` encrypts all anew.",
    )
    jwt_algorithm: Literal["HS256", "HS384", "HS512"] = Field(
        "HS256",
        validation_alias="JWT_ALGORITHM",
        description="How tokens are signed. HS384 needs a secret of 48 bytes, HS512 one of 64. Tokens signed with "
        "HS256 are accepted in any case.",
    )
    encryption_key: SecretStr = Field(
        SecretStr(""),
        validation_alias="ENCRYPTION_KEY",
        description="Encrypts stored secrets in place of a key derived from the server's secret: 32 random bytes in "
        "base64, as `openssl rand -base64 32` makes them. What the derived key encrypted is still opened. All servers "
        "and workers need the same.",
    )
    encryption_key_previous: SecretStr = Field(
        SecretStr(""),
        validation_alias="ENCRYPTION_KEY_PREVIOUS",
        description="The ENCRYPTION_KEY before the present one, or the last one where there is none any more: what it "
        "encrypted is still opened. `toolcrib admin rotate-secret` encrypts all anew.",
    )
    jwt_issuer: str = Field(
        "toolcrib",
        validation_alias="JWT_ISSUER",
        description="`iss` of the tokens we issue. Those with another one are accepted too if they are signed with our "
        "secret and name one of our people. Change it only together with the secret: to a browser's token that was "
        "issued under another name, signing out means nothing.",
    )
    jwt_minutes: Minutes = Field(
        0,
        validation_alias=named("JWT_ACCESS_TOKEN_EXPIRES_MINUTES", "JWT_EXPIRES_MINUTES"),
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
        validation_alias=named("INITIAL_ADMIN_USER", "INITIAL_ADMIN_USERNAME", "ADMIN_DEFAULT_USERNAME"),
        description="First administrator. Unset: `admin` with a random password, printed once.",
    )
    initial_admin_email: str = Field(
        "", validation_alias="INITIAL_ADMIN_EMAIL", description="See INITIAL_ADMIN_USER."
    )
    initial_admin_password: SecretStr = Field(
        SecretStr(""),
        validation_alias=named("INITIAL_ADMIN_PASSWORD", "ADMIN_DEFAULT_PASSWORD"),
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
    admins_need_otp: Flag = Field(
        False,
        validation_alias="ADMINS_NEED_OTP",
        description="Administrators with a password need two-step sign-in: until they have set it up, they may do "
        "nothing else, with API keys either.",
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
    api_keys_per_person: int = Field(
        100,
        ge=1,
        validation_alias="API_KEYS_PER_PERSON",
        description="API keys that one person may have. One more is answered 409.",
    )
    projects_per_person: int = Field(
        200,
        ge=1,
        validation_alias="PROJECTS_PER_PERSON",
        description="Projects that exist and that one person registered, whoever owns them now. One more is answered "
        "409. Administrators may register any number.",
    )
    credentials_kept: int = Field(
        20_000,
        ge=1,
        validation_alias="CREDENTIALS_KEPT",
        description="Credentials that each process remembers the answer to, so that it asks the database less.",
    )
    oidc_provider_url: Address = Field(
        "",
        validation_alias=named("OIDC_PROVIDER_URL", "SOCIAL_AUTH_OIDC_PROVIDER_URL"),
        description="OpenID Connect issuer; sign-in by OIDC is off without it.",
    )
    oidc_client_id: str = Field(
        "",
        validation_alias=named("OIDC_CLIENT_ID", "SOCIAL_AUTH_OIDC_CLIENT_ID"),
        description="See OIDC_PROVIDER_URL.",
    )
    oidc_client_secret: SecretStr = Field(
        SecretStr(""),
        validation_alias=named("OIDC_CLIENT_SECRET", "SOCIAL_AUTH_OIDC_CLIENT_SECRET"),
        description="See OIDC_PROVIDER_URL.",
    )
    oidc_callback_url: str = Field(
        "",
        validation_alias=named("OIDC_CALLBACK_URL", "SOCIAL_AUTH_OIDC_FRONTEND_REDIRECT_URI"),
        description="Page of another web app that the provider returns to. Empty: `/auth/oidc/callback` of "
        "FRONTEND_URL, and without that our own.",
    )
    oidc_scope: str = Field(
        "openid profile email organization offline_access",
        validation_alias="OIDC_SCOPE",
        description="What is asked of the provider.",
    )
    oidc_user_policy: Literal["", "registered-only", "auto-create"] = Field(
        "",
        validation_alias="OIDC_USER_POLICY",
        description="Whether people who come from the provider need an account already (`registered-only`) or are "
        "given one (`auto-create`). Empty: what OIDC_CREATE_USERS says, and without that `registered-only` if "
        "ADMIN_OIDC_SUB is set, else `auto-create`.",
    )
    oidc_create_users: Flag | None = Field(
        None, validation_alias="OIDC_CREATE_USERS", description="Earlier form of OIDC_USER_POLICY."
    )
    admin_oidc_sub: str = Field(
        "",
        max_length=255,
        validation_alias="ADMIN_OIDC_SUB",
        description="The provider's subject of an administrator, whose account is made at the start if there is none.",
    )
    oidc_groups_claim: str = Field(
        "",
        max_length=255,
        validation_alias="OIDC_GROUPS_CLAIM",
        description="Claim with a person's groups, as a list, or as text with commas or spaces between them; dots lead "
        "into objects, as in `realm_access.roles`. See OIDC_GROUP_ROLES.",
    )
    oidc_group_roles: GroupRoles = Field(
        {},
        validation_alias="OIDC_GROUP_ROLES",
        description="JSON object: the roles of each group, applied at each sign-in. A role is `admin`, `company:NAME`, "
        "`company:NAME:owner` or `project:NAME:ROLE` (`viewer`, `member`, `admin`, `owner`).",
    )
    oidc_sign_out: Literal["provider", "here"] = Field(
        "provider",
        validation_alias="OIDC_SIGN_OUT",
        description="Whether signing out here leads to the provider's own sign-out, where it has one and the person "
        "came from there.",
    )
    oidc_end_session_url: str = Field(
        "",
        validation_alias="OIDC_END_SESSION_URL",
        description="The provider's sign-out page. Empty: what its discovery document says.",
    )
    oidc_signed_out_url: str = Field(
        "",
        validation_alias="OIDC_SIGNED_OUT_URL",
        description="Page that the provider returns to after signing out, which must be registered there. Empty: our "
        "sign-in page.",
    )
    oidc_label: str = Field(
        "Single sign-on", validation_alias="OIDC_LABEL", description="Text of the sign-in button."
    )

    @field_validator("jwt_algorithm", mode="before")
    @classmethod
    def _empty_algorithm_is_unset(cls, value: Any, info: ValidationInfo) -> Any:
        return default_if_empty(cls, value, info)

    @field_validator("encryption_key", "encryption_key_previous")
    @classmethod
    def _is_key(cls, value: SecretStr) -> SecretStr:
        key = value.get_secret_value()
        if key and not KEY.fullmatch(key):
            raise ValueError("must be 32 random bytes in base64, as `openssl rand -base64 32` makes them")
        return value

    @property
    def creates_oidc_users(self) -> bool:
        if self.oidc_user_policy:
            return self.oidc_user_policy == "auto-create"
        return not self.admin_oidc_sub if self.oidc_create_users is None else self.oidc_create_users

    @property
    def secret(self) -> SecretStr:
        """What signs tokens; empty if it is to be generated."""
        return self.jwt_secret if self.jwt_secret.get_secret_value() else self.secret_key
