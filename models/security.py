"""Audit log, personal data, incidents and consent."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Audit, Entity, ExtraMetadata, native_enum


class IncidentSeverity(enum.StrEnum):
    """How grave a security incident is."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class AuditLog(ExtraMetadata, Entity):
    """Who did what, and when; never changed, so it has no audit columns itself."""

    __tablename__ = "audit_logs"
    __table_args__ = (
        CheckConstraint(
            "action IN ('create', 'read', 'update', 'delete', 'login', 'logout', 'export')",
            name="action_values",
        ),
        CheckConstraint(
            "actor_type IN ('user', 'agent', 'system', 'api')", name="actor_type_values"
        ),
    )

    entity_type: Mapped[str] = mapped_column(String(50))
    entity_id: Mapped[uuid.UUID | None]
    action: Mapped[str] = mapped_column(String(50))
    actor_type: Mapped[str] = mapped_column(String(50))
    actor_id: Mapped[uuid.UUID | None]
    changes: Mapped[dict[str, Any] | None]
    ip_address: Mapped[str | None] = mapped_column(String(45))
    user_agent: Mapped[str | None] = mapped_column(Text)
    timestamp: Mapped[dt.datetime] = mapped_column(server_default=text("now()"))


class PIIDetection(Audit, Entity):
    """Personal data found in a conversation."""

    __tablename__ = "pii_detections"

    conversation_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("conversations.id", ondelete="CASCADE"), index=True
    )
    message_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("messages.id", ondelete="SET NULL"), index=True
    )
    pii_type: Mapped[str] = mapped_column(String(100))
    detected_value: Mapped[str | None] = mapped_column(String(500))
    confidence_score: Mapped[float]
    masked_value: Mapped[str | None] = mapped_column(String(500))
    action_taken: Mapped[str] = mapped_column(String(100))


class SecurityIncident(Audit, Entity):
    """A breach or an attempt at one."""

    __tablename__ = "security_incidents"

    incident_type: Mapped[str] = mapped_column(String(100))
    severity: Mapped[IncidentSeverity] = mapped_column(
        native_enum(IncidentSeverity, "incident_severity")
    )
    title: Mapped[str] = mapped_column(String(500))
    description: Mapped[str] = mapped_column(Text)
    affected_systems: Mapped[list[Any]]
    status: Mapped[str] = mapped_column(String(50))
    detected_at: Mapped[dt.datetime] = mapped_column(server_default=text("now()"))
    resolved_at: Mapped[dt.datetime | None]
    assigned_to: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("employees.id", ondelete="SET NULL"), index=True
    )
    remediation_steps: Mapped[list[Any]]


class ComplianceAudit(Audit, Entity):
    """An audit against a framework."""

    __tablename__ = "compliance_audits"

    audit_type: Mapped[str] = mapped_column(String(100))
    framework: Mapped[str] = mapped_column(String(100))
    audit_date: Mapped[dt.date]
    auditor: Mapped[str | None] = mapped_column(String(255))
    findings: Mapped[list[Any]]
    pass_fail_status: Mapped[str] = mapped_column(String(50))
    score: Mapped[float | None]
    recommendations: Mapped[list[Any]]


class ConsentRecord(Audit, Entity):
    """What a customer agreed to, and when."""

    __tablename__ = "consent_records"

    customer_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("customers.id", ondelete="CASCADE"), index=True
    )
    consent_type: Mapped[str] = mapped_column(String(100))
    consented: Mapped[bool]
    consent_text: Mapped[str | None] = mapped_column(Text)
    consent_version: Mapped[str | None] = mapped_column(String(50))
    consent_date: Mapped[dt.datetime] = mapped_column(server_default=text("now()"))
    ip_address: Mapped[str | None] = mapped_column(String(45))
    revoked_at: Mapped[dt.datetime | None]
