"""Checks of the answers that agents give."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import ForeignKey, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Audit, Entity


class ResponseQualityCheck(Audit, Entity):
    """All checks made of one answer."""

    __tablename__ = "response_quality_checks"

    conversation_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("conversations.id", ondelete="CASCADE"), index=True
    )
    message_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("messages.id", ondelete="SET NULL"), index=True
    )
    checks_performed: Mapped[dict[str, Any]]
    fact_check_passed: Mapped[bool | None]
    fact_check_details: Mapped[dict[str, Any]]
    policy_check_passed: Mapped[bool | None]
    policy_violations: Mapped[list[Any]]
    tone_check_passed: Mapped[bool | None]
    tone_appropriateness: Mapped[float | None]
    tone_issues: Mapped[list[Any]]
    completeness_check_passed: Mapped[bool | None]
    completeness_score: Mapped[float | None]
    missing_elements: Mapped[list[Any]]
    code_validation_passed: Mapped[bool | None]
    code_issues: Mapped[list[Any]]
    link_check_passed: Mapped[bool | None]
    broken_links: Mapped[list[Any]]
    sensitivity_check_passed: Mapped[bool | None]
    sensitivity_issues: Mapped[list[Any]]
    hallucination_detected: Mapped[bool | None]
    hallucination_details: Mapped[dict[str, Any]]
    citation_check_passed: Mapped[bool | None]
    citation_issues: Mapped[list[Any]]
    all_checks_passed: Mapped[bool]
    overall_quality_score: Mapped[float | None]
    response_approved: Mapped[bool]
    blocked_reason: Mapped[str | None] = mapped_column(Text)
    checked_at: Mapped[dt.datetime] = mapped_column(server_default=text("now()"))
    check_duration_ms: Mapped[int | None]


class PolicyRule(Audit, Entity):
    """A rule that answers must keep."""

    __tablename__ = "policy_rules"

    rule_name: Mapped[str] = mapped_column(String(255), unique=True)
    rule_type: Mapped[str] = mapped_column(String(100))
    rule_category: Mapped[str] = mapped_column(String(100))
    description: Mapped[str] = mapped_column(Text)
    pattern: Mapped[str | None] = mapped_column(Text)
    severity: Mapped[str] = mapped_column(String(50))
    is_active: Mapped[bool]


class HallucinationDetection(Audit, Entity):
    """A claim that nothing supports."""

    __tablename__ = "hallucination_detections"

    conversation_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("conversations.id", ondelete="CASCADE"), index=True
    )
    message_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("messages.id", ondelete="SET NULL"), index=True
    )
    claim: Mapped[str] = mapped_column(Text)
    hallucination_type: Mapped[str] = mapped_column(String(100))
    confidence_score: Mapped[float]
    supporting_evidence: Mapped[list[Any]]
    contradicting_evidence: Mapped[list[Any]]
