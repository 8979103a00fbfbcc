"""How the agents perform, and how they work together."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Audit, Entity, ExtraMetadata, Score


class AgentPerformance(ExtraMetadata, Audit, Entity):
    """One agent's results on one day."""

    __tablename__ = "agent_performance"
    __table_args__ = (UniqueConstraint("agent_name", "date"),)

    agent_name: Mapped[str] = mapped_column(String(50))
    date: Mapped[dt.datetime]
    total_interactions: Mapped[int]
    successful_resolutions: Mapped[int]
    escalations: Mapped[int]
    avg_confidence: Mapped[float | None]
    avg_sentiment: Mapped[float | None]
    avg_response_time_ms: Mapped[int | None]


class AgentHandoff(ExtraMetadata, Audit, Entity):
    """A conversation passed from one agent to another."""

    __tablename__ = "agent_handoffs"
    __table_args__ = (CheckConstraint("from_agent <> to_agent", name="different_agents"),)

    conversation_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("conversations.id", ondelete="CASCADE"), index=True
    )
    from_agent: Mapped[str] = mapped_column(String(50))
    to_agent: Mapped[str] = mapped_column(String(50))
    handoff_reason: Mapped[str] = mapped_column(Text)
    state_transferred: Mapped[dict[str, Any] | None]
    confidence_before: Mapped[Score | None]
    timestamp: Mapped[dt.datetime] = mapped_column(server_default=text("now()"))
    latency_ms: Mapped[int | None]


class AgentCollaboration(ExtraMetadata, Audit, Entity):
    """Several agents at work on one conversation."""

    __tablename__ = "agent_collaborations"
    __table_args__ = (
        CheckConstraint(
            "collaboration_type IN ('sequential', 'parallel', 'debate', "
            "'verification', 'expert_panel')",
            name="collaboration_type_values",
        ),
    )

    conversation_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("conversations.id", ondelete="CASCADE"), index=True
    )
    collaboration_type: Mapped[str] = mapped_column(String(50))
    agents_involved: Mapped[list[str]]
    coordinator_agent: Mapped[str | None] = mapped_column(String(50))
    start_time: Mapped[dt.datetime] = mapped_column(server_default=text("now()"))
    end_time: Mapped[dt.datetime | None]
    duration_ms: Mapped[int | None]
    outcome: Mapped[str | None] = mapped_column(Text)
    consensus_reached: Mapped[bool | None]
