"""Generated content and how it fares."""

from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy import ForeignKey, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Entity, ExtraMetadata


class GeneratedContent(ExtraMetadata, Entity):
    """A text that was generated."""

    __tablename__ = "generated_content"

    content_type: Mapped[str] = mapped_column(String(50))
    title: Mapped[str | None] = mapped_column(String(500))
    content: Mapped[str] = mapped_column(Text)
    quality_score: Mapped[float | None]
    review_status: Mapped[str] = mapped_column(String(50))
    published: Mapped[bool]
    created_at: Mapped[dt.datetime] = mapped_column(server_default=text("now()"))
    published_at: Mapped[dt.datetime | None]


class ContentPerformance(Entity):
    """How a generated text was received."""

    __tablename__ = "content_performance"

    content_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("generated_content.id", ondelete="CASCADE"), index=True
    )
    views: Mapped[int]
    engagement_rate: Mapped[float | None]
    feedback_positive: Mapped[int]
    feedback_negative: Mapped[int]
    conversion_rate: Mapped[float | None]
    last_updated: Mapped[dt.datetime] = mapped_column(server_default=text("now()"))
