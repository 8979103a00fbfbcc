"""Competitors, what they change, and deals won or lost against them."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import ForeignKey, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Entity, Money


class Competitor(Entity):
    """A company that sells something similar."""

    __tablename__ = "competitors"

    name: Mapped[str] = mapped_column(String(200), unique=True)
    website: Mapped[str | None] = mapped_column(String(500))
    target_market: Mapped[str | None] = mapped_column(String(100))
    primary_product: Mapped[str | None] = mapped_column(String(200))
    pricing_page: Mapped[str | None] = mapped_column(String(500))
    changelog_url: Mapped[str | None] = mapped_column(String(500))
    blog_url: Mapped[str | None] = mapped_column(String(500))
    current_pricing: Mapped[dict[str, Any]]
    latest_features: Mapped[list[Any]]
    sentiment_score: Mapped[float | None]
    created_at: Mapped[dt.datetime] = mapped_column(server_default=text("now()"))
    updated_at: Mapped[dt.datetime] = mapped_column(server_default=text("now()"))


class CompetitorChange(Entity):
    """Something a competitor changed."""

    __tablename__ = "competitor_changes"

    competitor_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("competitors.id", ondelete="CASCADE"), index=True
    )
    change_type: Mapped[str] = mapped_column(String(100))
    change_description: Mapped[str | None] = mapped_column(Text)
    severity: Mapped[str | None] = mapped_column(String(20))
    impact: Mapped[str | None] = mapped_column(Text)
    detected_at: Mapped[dt.datetime] = mapped_column(server_default=text("now()"))


class WinLossRecord(Entity):
    """Why a deal was won or lost."""

    __tablename__ = "win_loss_records"

    deal_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("deals.id", ondelete="SET NULL"), index=True
    )
    outcome: Mapped[str] = mapped_column(String(20))
    competitor: Mapped[str | None] = mapped_column(String(200))
    deal_value: Mapped[Money | None]
    decision_factors: Mapped[list[Any]]
    customer_quote: Mapped[str | None] = mapped_column(Text)
    sales_notes: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[dt.datetime] = mapped_column(server_default=text("now()"))


class Battlecard(Entity):
    """Arguments against one competitor."""

    __tablename__ = "battlecards"

    competitor: Mapped[str] = mapped_column(String(200), unique=True)
    content: Mapped[str] = mapped_column(Text)
    last_updated: Mapped[dt.datetime] = mapped_column(server_default=text("now()"))
