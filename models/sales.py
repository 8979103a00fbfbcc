"""Employees, and the way from a lead to a quote."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Audit, Entity, ExtraMetadata, Money, Score


class Employee(ExtraMetadata, Audit, Entity):
    """A person who works here."""

    __tablename__ = "employees"

    email: Mapped[str] = mapped_column(String(255), unique=True)
    name: Mapped[str] = mapped_column(String(255))
    role: Mapped[str] = mapped_column(String(50))
    department: Mapped[str | None] = mapped_column(String(50))
    is_active: Mapped[bool]


class Lead(ExtraMetadata, Audit, Entity):
    """Someone who may become a customer."""

    __tablename__ = "leads"
    __table_args__ = (
        CheckConstraint(
            "qualification_status IN ('new', 'mql', 'sql', 'qualified', "
            "'disqualified', 'converted')",
            name="qualification_status_values",
        ),
        CheckConstraint("lead_score BETWEEN 0 AND 100", name="lead_score_range"),
        CheckConstraint("need_score BETWEEN 0 AND 1", name="need_score_range"),
        # Two leads are the same person whatever the case of the address.
        Index("ix_leads_lower_email", text("lower(email)")),
    )

    email: Mapped[str] = mapped_column(String(255))
    name: Mapped[str | None] = mapped_column(String(255))
    company: Mapped[str | None] = mapped_column(String(255))
    title: Mapped[str | None] = mapped_column(String(255))
    phone: Mapped[str | None] = mapped_column(String(50))
    budget: Mapped[str | None] = mapped_column(String(50))
    authority: Mapped[str | None] = mapped_column(String(50))
    need_score: Mapped[Score | None]
    timeline: Mapped[str | None] = mapped_column(String(50))
    lead_score: Mapped[int]
    qualification_status: Mapped[str] = mapped_column(String(50))
    source: Mapped[str | None] = mapped_column(String(50))
    assigned_to: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("employees.id", ondelete="SET NULL"), index=True
    )
    converted_to_customer_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("customers.id", ondelete="SET NULL"), index=True
    )
    converted_at: Mapped[dt.datetime | None]


class Deal(ExtraMetadata, Audit, Entity):
    """A sale that is under way, won or lost."""

    __tablename__ = "deals"
    __table_args__ = (
        CheckConstraint("probability BETWEEN 0 AND 100", name="probability_range"),
        CheckConstraint(
            "stage IN ('prospecting', 'qualification', 'proposal', "
            "'negotiation', 'closed_won', 'closed_lost')",
            name="stage_values",
        ),
    )

    lead_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("leads.id", ondelete="SET NULL"), index=True
    )
    customer_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("customers.id", ondelete="SET NULL"), index=True
    )
    name: Mapped[str] = mapped_column(String(255))
    value: Mapped[Money]
    currency: Mapped[str] = mapped_column(String(3))
    stage: Mapped[str] = mapped_column(String(50))
    probability: Mapped[int]
    expected_close_date: Mapped[dt.datetime | None]
    closed_at: Mapped[dt.datetime | None]
    lost_reason: Mapped[str | None] = mapped_column(Text)
    assigned_to: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("employees.id", ondelete="SET NULL"), index=True
    )


class SalesActivity(ExtraMetadata, Audit, Entity):
    """A call, meeting or other step of a sale."""

    __tablename__ = "sales_activities"
    __table_args__ = (
        CheckConstraint(
            "activity_type IN ('call', 'email', 'meeting', 'demo', 'proposal', 'follow_up')",
            name="activity_type_values",
        ),
    )

    deal_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("deals.id", ondelete="CASCADE"), index=True
    )
    lead_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("leads.id", ondelete="CASCADE"), index=True
    )
    activity_type: Mapped[str] = mapped_column(String(50))
    subject: Mapped[str] = mapped_column(String(255))
    description: Mapped[str | None] = mapped_column(Text)
    outcome: Mapped[str | None] = mapped_column(String(50))
    scheduled_at: Mapped[dt.datetime | None]
    completed_at: Mapped[dt.datetime | None]
    performed_by: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("employees.id", ondelete="SET NULL"), index=True
    )


class Quote(ExtraMetadata, Audit, Entity):
    """An offer with a price."""

    __tablename__ = "quotes"
    __table_args__ = (
        CheckConstraint(
            "status IN ('draft', 'sent', 'accepted', 'declined', 'expired')", name="status_values"
        ),
    )

    deal_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("deals.id", ondelete="SET NULL"), index=True
    )
    customer_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("customers.id", ondelete="SET NULL"), index=True
    )
    quote_number: Mapped[str] = mapped_column(String(50), unique=True)
    total_amount: Mapped[Money]
    currency: Mapped[str] = mapped_column(String(3))
    status: Mapped[str] = mapped_column(String(20))
    valid_until: Mapped[dt.datetime | None]
    accepted_at: Mapped[dt.datetime | None]
    line_items: Mapped[list[Any]]
