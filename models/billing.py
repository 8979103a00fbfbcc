"""Subscriptions, invoices, payments, usage and credits."""

from __future__ import annotations

import datetime as dt
import enum
import uuid

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Audit, Entity, ExtraMetadata, Money, native_enum


class SubscriptionStatus(enum.StrEnum):
    """The states a subscription goes through."""

    ACTIVE = "active"
    PAST_DUE = "past_due"
    CANCELED = "canceled"
    UNPAID = "unpaid"
    TRIALING = "trialing"


class Subscription(ExtraMetadata, Audit, Entity):
    """A customer's plan, paid by month or year."""

    __tablename__ = "subscriptions"
    __table_args__ = (
        CheckConstraint("billing_cycle IN ('monthly', 'annual')", name="billing_cycle_values"),
        CheckConstraint("seats_used <= seats_total", name="seats_capacity"),
        CheckConstraint("plan IN ('free', 'basic', 'premium', 'enterprise')", name="plan_values"),
    )

    customer_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("customers.id", ondelete="CASCADE"), index=True
    )
    plan: Mapped[str] = mapped_column(String(50))
    billing_cycle: Mapped[str] = mapped_column(String(20))
    mrr: Mapped[Money]
    arr: Mapped[Money | None]
    seats_total: Mapped[int]
    seats_used: Mapped[int]
    status: Mapped[SubscriptionStatus] = mapped_column(
        native_enum(SubscriptionStatus, "subscription_status")
    )
    current_period_start: Mapped[dt.datetime]
    current_period_end: Mapped[dt.datetime]
    cancel_at_period_end: Mapped[bool]
    canceled_at: Mapped[dt.datetime | None]
    trial_start: Mapped[dt.datetime | None]
    trial_end: Mapped[dt.datetime | None]


class Invoice(ExtraMetadata, Audit, Entity):
    """A bill sent to a customer."""

    __tablename__ = "invoices"
    __table_args__ = (
        CheckConstraint(
            "status IN ('draft', 'open', 'paid', 'void', 'uncollectible')", name="status_values"
        ),
        # Dunning reads open invoices alone, a small part of all.
        Index("ix_invoices_due_at", "due_at", postgresql_where=text("status = 'open'")),
    )

    customer_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("customers.id", ondelete="CASCADE"), index=True
    )
    subscription_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("subscriptions.id", ondelete="SET NULL"), index=True
    )
    invoice_number: Mapped[str] = mapped_column(String(50), unique=True)
    amount: Mapped[Money]
    currency: Mapped[str] = mapped_column(String(3))
    status: Mapped[str] = mapped_column(String(20))
    issued_at: Mapped[dt.datetime | None]
    due_at: Mapped[dt.datetime | None]
    paid_at: Mapped[dt.datetime | None]


class Payment(ExtraMetadata, Audit, Entity):
    """Money received, or an attempt at it."""

    __tablename__ = "payments"
    __table_args__ = (
        CheckConstraint(
            "status IN ('pending', 'succeeded', 'failed', 'canceled', 'refunded')",
            name="status_values",
        ),
    )

    customer_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("customers.id", ondelete="CASCADE"), index=True
    )
    invoice_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("invoices.id", ondelete="SET NULL"), index=True
    )
    amount: Mapped[Money]
    currency: Mapped[str] = mapped_column(String(3))
    status: Mapped[str] = mapped_column(String(20))
    payment_method: Mapped[str | None] = mapped_column(String(50))
    transaction_id: Mapped[str | None] = mapped_column(String(255))
    processed_at: Mapped[dt.datetime | None]
    failed_reason: Mapped[str | None] = mapped_column(Text)


class UsageEvent(ExtraMetadata, Audit, Entity):
    """A quantity that a customer used."""

    __tablename__ = "usage_events"

    customer_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("customers.id", ondelete="CASCADE"), index=True
    )
    event_type: Mapped[str] = mapped_column(String(50))
    quantity: Mapped[int]
    unit: Mapped[str | None] = mapped_column(String(50))
    timestamp: Mapped[dt.datetime] = mapped_column(server_default=text("now()"))


class Credit(ExtraMetadata, Audit, Entity):
    """Money a customer may use up."""

    __tablename__ = "credits"
    __table_args__ = (
        CheckConstraint(
            "status IN ('active', 'used', 'expired', 'canceled')", name="status_values"
        ),
        CheckConstraint(
            "credit_type IN ('promotional', 'refund', 'goodwill', 'migration')",
            name="credit_type_values",
        ),
        CheckConstraint("used_amount <= amount", name="credit_usage"),
    )

    customer_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("customers.id", ondelete="CASCADE"), index=True
    )
    amount: Mapped[Money]
    currency: Mapped[str] = mapped_column(String(3))
    credit_type: Mapped[str] = mapped_column(String(50))
    reason: Mapped[str | None] = mapped_column(Text)
    expires_at: Mapped[dt.datetime | None]
    used_amount: Mapped[Money]
    status: Mapped[str] = mapped_column(String(20))
