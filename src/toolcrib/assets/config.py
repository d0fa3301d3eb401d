"""Runtime configuration keys of assets."""

from __future__ import annotations

from toolcrib.kernel.config import ConfigKey

CONFIG_KEYS = (
    ConfigKey(
        "auto_release.enabled",
        "auto_release_enabled",
        bool,
        lambda settings: settings.auto_release_enabled,
        "Whether old locks are released automatically.",
        field="auto_release_enabled",
    ),
    ConfigKey(
        "auto_release.hours",
        "auto_release_hours",
        int,
        lambda settings: min(settings.auto_release_hours, 87_600),
        "Hours after which a lock counts as old, from when it was taken.",
        field="auto_release_hours",
        minimum=1,
        maximum=87_600,
    ),
)
