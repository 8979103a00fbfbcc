"""Machine learning: predictions, the models behind them, forecasts."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import ForeignKey, String, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Entity, ExtraMetadata, Money


class MLPrediction(ExtraMetadata, Entity):
    """A prediction about a customer."""

    __tablename__ = "ml_predictions"

    customer_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("customers.id", ondelete="CASCADE"), index=True
    )
    prediction_type: Mapped[str] = mapped_column(String(50))
    prediction_value: Mapped[float]
    prediction_label: Mapped[str | None] = mapped_column(String(50))
    confidence: Mapped[float | None]
    actual_outcome: Mapped[bool | None]
    created_at: Mapped[dt.datetime] = mapped_column(server_default=text("now()"))
    valid_until: Mapped[dt.datetime | None]


class MLModelPerformance(ExtraMetadata, Entity):
    """How well a model did when it was evaluated."""

    __tablename__ = "ml_model_performance"

    model_name: Mapped[str] = mapped_column(String(100))
    version: Mapped[str | None] = mapped_column(String(50))
    accuracy: Mapped[float | None]
    precision: Mapped[float | None]
    recall: Mapped[float | None]
    f1_score: Mapped[float | None]
    auc: Mapped[float | None]
    training_date: Mapped[dt.datetime | None]
    evaluation_date: Mapped[dt.datetime] = mapped_column(server_default=text("now()"))
    sample_size: Mapped[int | None]


class UpsellOpportunity(Entity):
    """A chance to sell a customer more."""

    __tablename__ = "upsell_opportunities"

    customer_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("customers.id", ondelete="CASCADE"), index=True
    )
    opportunity_type: Mapped[str] = mapped_column(String(50))
    estimated_arr_increase: Mapped[Money | None]
    probability: Mapped[float]
    triggers: Mapped[list[Any]]
    recommended_timing: Mapped[str | None] = mapped_column(String(50))
    status: Mapped[str] = mapped_column(String(50))
    created_at: Mapped[dt.datetime] = mapped_column(server_default=text("now()"))
    closed_at: Mapped[dt.datetime | None]


class CapacityForecast(Entity):
    """Expected use of a resource on one day."""

    __tablename__ = "capacity_forecasts"

    resource_type: Mapped[str] = mapped_column(String(50))
    forecast_date: Mapped[dt.date]
    predicted_usage_percent: Mapped[float]
    confidence_lower: Mapped[float | None]
    confidence_upper: Mapped[float | None]
    alert_triggered: Mapped[bool]
    created_at: Mapped[dt.datetime] = mapped_column(server_default=text("now()"))


class SupportVolumeForecast(Entity):
    """Expected number of tickets on one day."""

    __tablename__ = "support_volume_forecasts"

    forecast_date: Mapped[dt.date]
    predicted_tickets: Mapped[int]
    confidence_lower: Mapped[int | None]
    confidence_upper: Mapped[int | None]
    recommended_agents: Mapped[int | None]
    actual_tickets: Mapped[int | None]
    created_at: Mapped[dt.datetime] = mapped_column(server_default=text("now()"))
