"""The base of each group of settings."""

from __future__ import annotations

from pydantic_settings import BaseSettings, SettingsConfigDict


class Group(BaseSettings):
    """Some of the settings. What is read is `Settings`, which has those of all groups, so no group builds a validator
    of its own."""

    model_config = SettingsConfigDict(defer_build=True)
