"""Users and their API keys."""

from __future__ import annotations

import datetime as dt
import enum
import uuid

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Entity, TouchedAudit, native_enum


class UserRole(enum.StrEnum):
    """What a user may do."""

    ADMIN = "admin"
    MANAGER = "manager"
    AGENT = "agent"
    VIEWER = "viewer"


class User(TouchedAudit, Entity):
    """Someone who can log in."""

    __tablename__ = "users"

    email: Mapped[str] = mapped_column(String(255), unique=True)
    password_hash: Mapped[str | None] = mapped_column(String(255))
    full_name: Mapped[str] = mapped_column(String(255))
    organization: Mapped[str | None] = mapped_column(String(255))
    role: Mapped[UserRole] = mapped_column(native_enum(UserRole, "user_role"))
    scopes: Mapped[str | None] = mapped_column(String(1000))
    status: Mapped[str] = mapped_column(String(50))
    is_active: Mapped[bool]
    is_verified: Mapped[bool]
    oauth_provider: Mapped[str | None] = mapped_column(String(50))
    oauth_id: Mapped[str | None] = mapped_column(String(255))
    email_verification_token: Mapped[str | None] = mapped_column(String(255))
    email_verified_at: Mapped[dt.datetime | None]
    password_reset_token: Mapped[str | None] = mapped_column(String(255))
    password_reset_expires_at: Mapped[dt.datetime | None]
    last_login_at: Mapped[dt.datetime | None]
    last_login_ip: Mapped[str | None] = mapped_column(String(50))


class ApiKey(TouchedAudit, Entity):
    """A user's key to the API; only its hash is kept."""

    __tablename__ = "api_keys"

    user_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), index=True
    )
    name: Mapped[str] = mapped_column(String(100))
    key_prefix: Mapped[str] = mapped_column(String(20), unique=True)
    key_hash: Mapped[str] = mapped_column(String(255))
    scopes: Mapped[str | None] = mapped_column(String(1000))
    expires_at: Mapped[dt.datetime | None]
    last_used_at: Mapped[dt.datetime | None]
    last_used_ip: Mapped[str | None] = mapped_column(String(50))
    usage_count: Mapped[int]
    is_active: Mapped[bool]
    description: Mapped[str | None] = mapped_column(Text)
