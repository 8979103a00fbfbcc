"""Conversations with customers, their messages and tags."""

from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy import CheckConstraint, ForeignKey, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Audit, Entity, ExtraMetadata, Score


class Conversation(ExtraMetadata, Audit, Entity):
    """One conversation with a customer."""

    __tablename__ = "conversations"
    __table_args__ = (
        CheckConstraint("sentiment_avg BETWEEN -1 AND 1", name="sentiment_range"),
        CheckConstraint("status IN ('active', 'resolved', 'escalated')", name="status_values"),
        CheckConstraint(
            "channel IN ('web_chat', 'email', 'phone', 'slack', 'api', 'widget')",
            name="channel_values",
        ),
        CheckConstraint("csat_score BETWEEN 1 AND 5", name="csat_score_range"),
    )

    customer_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("customers.id", ondelete="CASCADE"), index=True
    )
    status: Mapped[str] = mapped_column(String(50))
    primary_intent: Mapped[str | None] = mapped_column(String(100))
    agents_involved: Mapped[list[str]]
    sentiment_avg: Mapped[float | None]
    kb_articles_used: Mapped[list[str]]
    started_at: Mapped[dt.datetime] = mapped_column(server_default=text("now()"))
    ended_at: Mapped[dt.datetime | None]
    resolution_time_seconds: Mapped[int | None]
    channel: Mapped[str] = mapped_column(String(50), index=True, server_default="web_chat")
    intent_confidence: Mapped[Score | None]
    emotion: Mapped[str | None] = mapped_column(String(50), index=True)
    resolved_by_agent: Mapped[str | None] = mapped_column(String(50))
    first_response_time_seconds: Mapped[int | None]
    csat_score: Mapped[int | None]
    last_activity_at: Mapped[dt.datetime | None] = mapped_column(index=True)


class Message(ExtraMetadata, Audit, Entity):
    """One message of a conversation."""

    __tablename__ = "messages"
    __table_args__ = (
        CheckConstraint("confidence BETWEEN 0 AND 1", name="confidence_range"),
        CheckConstraint("role IN ('user', 'assistant', 'system')", name="role_values"),
        CheckConstraint("sentiment BETWEEN -1 AND 1", name="sentiment_range"),
        CheckConstraint("urgency IN ('low', 'medium', 'high', 'critical')", name="urgency_values"),
    )

    conversation_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("conversations.id", ondelete="CASCADE"), index=True
    )
    role: Mapped[str] = mapped_column(String(20))
    content: Mapped[str] = mapped_column(Text)
    agent_name: Mapped[str | None] = mapped_column(String(50))
    intent: Mapped[str | None] = mapped_column(String(100))
    sentiment: Mapped[float | None]
    confidence: Mapped[float | None]
    tokens_used: Mapped[int | None]
    agent_confidence: Mapped[Score | None]
    urgency: Mapped[str | None] = mapped_column(String(20))
    model_used: Mapped[str | None] = mapped_column(String(100))


class ConversationTag(ExtraMetadata, Audit, Entity):
    """A tag on a conversation."""

    __tablename__ = "conversation_tags"

    conversation_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("conversations.id", ondelete="CASCADE"), index=True
    )
    tag: Mapped[str] = mapped_column(String(50))
    tag_category: Mapped[str | None] = mapped_column(String(50))
    confidence: Mapped[Score | None]
    tagged_by: Mapped[str | None] = mapped_column(String(50))
