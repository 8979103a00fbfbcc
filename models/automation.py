"""Workflows, tasks, and whether the service levels were met."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Audit, Entity, ExtraMetadata, Money


class Workflow(ExtraMetadata, Audit, Entity):
    """A trigger and the actions that follow it."""

    __tablename__ = "workflows"
    __table_args__ = (
        CheckConstraint(
            "trigger_type IN ('time_based', 'event_based', 'condition_based', 'manual')",
            name="trigger_type_values",
        ),
    )

    name: Mapped[str] = mapped_column(String(255))
    trigger_type: Mapped[str] = mapped_column(String(50))
    trigger_config: Mapped[dict[str, Any]]
    actions: Mapped[list[Any]]
    is_active: Mapped[bool]


class WorkflowExecution(ExtraMetadata, Audit, Entity):
    """One run of a workflow."""

    __tablename__ = "workflow_executions"
    __table_args__ = (
        CheckConstraint(
            "status IN ('running', 'completed', 'failed', 'canceled')", name="status_values"
        ),
    )

    workflow_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("workflows.id", ondelete="CASCADE"), index=True
    )
    status: Mapped[str] = mapped_column(String(20))
    started_at: Mapped[dt.datetime] = mapped_column(server_default=text("now()"))
    completed_at: Mapped[dt.datetime | None]
    error_message: Mapped[str | None] = mapped_column(Text)
    execution_log: Mapped[list[Any]]


class ScheduledTask(ExtraMetadata, Audit, Entity):
    """A task that runs by schedule."""

    __tablename__ = "scheduled_tasks"

    task_name: Mapped[str] = mapped_column(String(100))
    task_type: Mapped[str] = mapped_column(String(50))
    schedule: Mapped[str] = mapped_column(String(100))
    parameters: Mapped[dict[str, Any]]
    is_active: Mapped[bool]
    last_run_at: Mapped[dt.datetime | None]
    next_run_at: Mapped[dt.datetime | None]


class AutomatedTask(Audit, Entity):
    """A task that runs when its trigger fires."""

    __tablename__ = "automated_tasks"

    task_type: Mapped[str] = mapped_column(String(100))
    task_name: Mapped[str] = mapped_column(String(255))
    description: Mapped[str | None] = mapped_column(Text)
    trigger_type: Mapped[str] = mapped_column(String(100))
    trigger_config: Mapped[dict[str, Any]]
    action_config: Mapped[dict[str, Any]]
    is_active: Mapped[bool]
    last_run_at: Mapped[dt.datetime | None]
    next_run_at: Mapped[dt.datetime | None]
    run_count: Mapped[int]
    success_count: Mapped[int]
    failure_count: Mapped[int]


class SLACompliance(Audit, Entity):
    """Whether one promise of service was kept."""

    __tablename__ = "sla_compliance"

    sla_type: Mapped[str] = mapped_column(String(100))
    sla_tier: Mapped[str] = mapped_column(String(50))
    sla_target_minutes: Mapped[int]
    entity_type: Mapped[str] = mapped_column(String(100))
    entity_id: Mapped[uuid.UUID]
    started_at: Mapped[dt.datetime] = mapped_column(server_default=text("now()"))
    deadline: Mapped[dt.datetime]
    completed_at: Mapped[dt.datetime | None]
    actual_duration_minutes: Mapped[int | None]
    sla_met: Mapped[bool | None]
    sla_buffer_minutes: Mapped[int | None]
    sla_breach_severity: Mapped[str | None] = mapped_column(String(50))
    customer_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("customers.id", ondelete="CASCADE"), index=True
    )
    customer_plan: Mapped[str | None] = mapped_column(String(100))
    escalated: Mapped[bool]
    compensation_required: Mapped[bool]
    compensation_amount: Mapped[Money | None]
