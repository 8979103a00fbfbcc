"""What the system learns about itself."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Entity


class ImprovementInsight(Entity):
    """A way to improve, with its evidence."""

    __tablename__ = "improvement_insights"

    insight_type: Mapped[str] = mapped_column(String(100))
    insight_description: Mapped[str | None] = mapped_column(Text)
    evidence: Mapped[list[Any]]
    recommended_action: Mapped[str | None] = mapped_column(Text)
    priority: Mapped[str | None] = mapped_column(String(20))
    status: Mapped[str] = mapped_column(String(50))
    created_at: Mapped[dt.datetime] = mapped_column(server_default=text("now()"))


class ABTestExperiment(Entity):
    """An experiment with its variants."""

    __tablename__ = "ab_test_experiments"

    test_id: Mapped[str] = mapped_column(String(100), unique=True)
    hypothesis: Mapped[str | None] = mapped_column(Text)
    variants: Mapped[list[Any]]
    traffic_split: Mapped[dict[str, Any]]
    success_metric: Mapped[str | None] = mapped_column(String(100))
    status: Mapped[str] = mapped_column(String(50))
    results: Mapped[dict[str, Any]]
    winner: Mapped[str | None] = mapped_column(String(50))
    deployed_at: Mapped[dt.datetime | None]
    created_at: Mapped[dt.datetime] = mapped_column(server_default=text("now()"))


class PromptVersion(Entity):
    """One version of an agent's prompt."""

    __tablename__ = "prompt_versions"

    agent_name: Mapped[str] = mapped_column(String(100))
    version: Mapped[int]
    prompt_text: Mapped[str] = mapped_column(Text)
    performance_metrics: Mapped[dict[str, Any]]
    is_active: Mapped[bool]
    created_at: Mapped[dt.datetime] = mapped_column(server_default=text("now()"))
