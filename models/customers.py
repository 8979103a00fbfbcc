"""Customers and what is known about them.

The view `active_customers` (customers that are not deleted) stands in the migrations alone: it is
read by reports, and no model maps it.
"""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Audit, Entity, ExtraMetadata, Money, Score


class Customer(ExtraMetadata, Audit, Entity):
    """A company or person that is served."""

    __tablename__ = "customers"
    __table_args__ = (
        CheckConstraint("plan IN ('free', 'basic', 'premium', 'enterprise')", name="plan_values"),
        CheckConstraint("health_score BETWEEN 0 AND 100", name="health_score_range"),
        CheckConstraint("churn_risk BETWEEN 0 AND 1", name="churn_risk_range"),
        # Reports look customers up by any key of their metadata.
        Index("ix_customers_extra_metadata", "extra_metadata", postgresql_using="gin"),
    )

    email: Mapped[str] = mapped_column(String(255), unique=True)
    name: Mapped[str | None] = mapped_column(String(255))
    plan: Mapped[str] = mapped_column(String(50))
    company_name: Mapped[str | None] = mapped_column(String(255))
    company_size: Mapped[int | None]
    industry: Mapped[str | None] = mapped_column(String(100), index=True)
    mrr: Mapped[Money] = mapped_column(index=True, server_default=text("0"))
    ltv: Mapped[Money] = mapped_column(server_default=text("0"))
    health_score: Mapped[int] = mapped_column(index=True, server_default=text("50"))
    churn_risk: Mapped[Score] = mapped_column(index=True, server_default=text("0"))
    nps_score: Mapped[int | None]
    lead_source: Mapped[str | None] = mapped_column(String(50))
    country: Mapped[str | None] = mapped_column(String(2))
    timezone: Mapped[str] = mapped_column(String(50), server_default="UTC")
    language: Mapped[str] = mapped_column(String(10), server_default="en")


class CustomerHealthEvent(ExtraMetadata, Audit, Entity):
    """A change in a customer's health."""

    __tablename__ = "customer_health_events"
    __table_args__ = (
        CheckConstraint(
            "severity IN ('low', 'medium', 'high', 'critical')", name="severity_values"
        ),
        CheckConstraint(
            "event_type IN ('health_score_change', 'churn_risk_change', "
            "'engagement_drop', 'usage_spike')",
            name="event_type_values",
        ),
    )

    customer_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("customers.id", ondelete="CASCADE"), index=True
    )
    event_type: Mapped[str] = mapped_column(String(50))
    old_value: Mapped[Decimal | None] = mapped_column(Numeric(5, 2))
    new_value: Mapped[Decimal | None] = mapped_column(Numeric(5, 2))
    reason: Mapped[str | None] = mapped_column(Text)
    detected_by: Mapped[str | None] = mapped_column(String(50))
    severity: Mapped[str | None] = mapped_column(String(20))


class CustomerSegment(ExtraMetadata, Audit, Entity):
    """A segment that a customer was put into."""

    __tablename__ = "customer_segments"
    __table_args__ = (
        CheckConstraint(
            "segment_type IN ('industry', 'lifecycle', 'value', 'behavior', 'risk')",
            name="segment_type_values",
        ),
    )

    customer_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("customers.id", ondelete="CASCADE"), index=True
    )
    segment_name: Mapped[str] = mapped_column(String(100))
    segment_type: Mapped[str] = mapped_column(String(50))
    confidence_score: Mapped[Score | None]
    assigned_at: Mapped[dt.datetime] = mapped_column(server_default=text("now()"))
    assigned_by: Mapped[str | None] = mapped_column(String(50))


class CustomerNote(ExtraMetadata, Audit, Entity):
    """A note about a customer."""

    __tablename__ = "customer_notes"
    __table_args__ = (
        CheckConstraint(
            "note_type IN ('general', 'support', 'sales', 'success', 'technical')",
            name="note_type_values",
        ),
        CheckConstraint("visibility IN ('private', 'team', 'company')", name="visibility_values"),
    )

    customer_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("customers.id", ondelete="CASCADE"), index=True
    )
    note_type: Mapped[str] = mapped_column(String(50))
    content: Mapped[str] = mapped_column(Text)
    is_internal: Mapped[bool]
    visibility: Mapped[str] = mapped_column(String(20))
    author_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("employees.id", ondelete="SET NULL"), index=True
    )


class CustomerContact(ExtraMetadata, Audit, Entity):
    """A person to reach at a customer."""

    __tablename__ = "customer_contacts"
    __table_args__ = (
        CheckConstraint(
            "role IN ('admin', 'billing', 'technical', 'business', 'user')", name="role_values"
        ),
    )

    customer_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("customers.id", ondelete="CASCADE"), index=True
    )
    email: Mapped[str] = mapped_column(String(255))
    name: Mapped[str | None] = mapped_column(String(255))
    title: Mapped[str | None] = mapped_column(String(100))
    phone: Mapped[str | None] = mapped_column(String(50))
    role: Mapped[str | None] = mapped_column(String(50))
    is_primary: Mapped[bool]


class CustomerIntegration(ExtraMetadata, Audit, Entity):
    """A customer's connection to another system."""

    __tablename__ = "customer_integrations"
    __table_args__ = (
        CheckConstraint(
            "status IN ('active', 'paused', 'error', 'disconnected')", name="status_values"
        ),
    )

    customer_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("customers.id", ondelete="CASCADE"), index=True
    )
    integration_type: Mapped[str] = mapped_column(String(50))
    status: Mapped[str] = mapped_column(String(20))
    config: Mapped[dict[str, Any]]
    last_sync_at: Mapped[dt.datetime | None]
    last_sync_status: Mapped[str | None] = mapped_column(String(20))
    error_count: Mapped[int]
