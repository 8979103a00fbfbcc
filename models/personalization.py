"""What each customer prefers, and who they seem to be."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import ForeignKey, String, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Entity


class CustomerPreferences(Entity):
    """How one customer likes to be addressed."""

    __tablename__ = "customer_preferences"

    customer_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("customers.id", ondelete="CASCADE"), unique=True
    )
    communication_style: Mapped[str | None] = mapped_column(String(50))
    response_depth: Mapped[str | None] = mapped_column(String(50))
    content_format: Mapped[dict[str, Any]]
    technical_level: Mapped[str | None] = mapped_column(String(50))
    notification_frequency: Mapped[str | None] = mapped_column(String(50))
    preferred_channel: Mapped[str | None] = mapped_column(String(50))
    preferred_time: Mapped[str | None] = mapped_column(String(50))
    timezone: Mapped[str | None] = mapped_column(String(50))
    language: Mapped[str | None] = mapped_column(String(10))
    confidence_scores: Mapped[dict[str, Any]]
    created_at: Mapped[dt.datetime] = mapped_column(server_default=text("now()"))
    updated_at: Mapped[dt.datetime] = mapped_column(server_default=text("now()"))


class PersonalizationEvent(Entity):
    """An event that tells about a customer's taste."""

    __tablename__ = "personalization_events"

    customer_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("customers.id", ondelete="CASCADE"), index=True
    )
    event_type: Mapped[str] = mapped_column(String(100))
    event_data: Mapped[dict[str, Any]]
    timestamp: Mapped[dt.datetime] = mapped_column(server_default=text("now()"))


class CustomerPersona(Entity):
    """The persona one customer resembles."""

    __tablename__ = "customer_personas"

    customer_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("customers.id", ondelete="CASCADE"), unique=True
    )
    persona: Mapped[str] = mapped_column(String(50))
    confidence: Mapped[float | None]
    signals: Mapped[list[Any]]
    identified_at: Mapped[dt.datetime] = mapped_column(server_default=text("now()"))
