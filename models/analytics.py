"""Figures by day and channel, funnels, cohorts, anomalies and A/B tests."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Audit, Entity, ExtraMetadata, Money


class ConversationAnalytics(ExtraMetadata, Audit, Entity):
    """Figures of one channel on one day."""

    __tablename__ = "conversation_analytics"

    date: Mapped[dt.datetime]
    channel: Mapped[str | None] = mapped_column(String(50))
    total_conversations: Mapped[int]
    resolved_conversations: Mapped[int]
    escalated_conversations: Mapped[int]
    avg_resolution_time_seconds: Mapped[int | None]
    avg_sentiment: Mapped[float | None]
    avg_csat: Mapped[float | None]


class FeatureUsage(ExtraMetadata, Audit, Entity):
    """How often a customer used a feature on one day."""

    __tablename__ = "feature_usage"
    __table_args__ = (UniqueConstraint("customer_id", "feature_name", "date"),)

    customer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("customers.id", ondelete="CASCADE"))
    feature_name: Mapped[str] = mapped_column(String(100))
    usage_count: Mapped[int]
    last_used_at: Mapped[dt.datetime | None]
    date: Mapped[dt.datetime]


class ABTest(ExtraMetadata, Audit, Entity):
    """One observation of an A/B test."""

    __tablename__ = "ab_tests"

    test_name: Mapped[str] = mapped_column(String(100))
    variant: Mapped[str] = mapped_column(String(50))
    customer_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("customers.id", ondelete="CASCADE"), index=True
    )
    conversation_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("conversations.id", ondelete="CASCADE"), index=True
    )
    outcome: Mapped[str | None] = mapped_column(String(50))
    metric_value: Mapped[float | None]
    timestamp: Mapped[dt.datetime] = mapped_column(server_default=text("now()"))


class AnomalyDetection(Audit, Entity):
    """A metric that left its usual range."""

    __tablename__ = "anomaly_detections"

    metric_name: Mapped[str] = mapped_column(String(255))
    metric_category: Mapped[str | None] = mapped_column(String(100))
    current_value: Mapped[float]
    expected_value: Mapped[float | None]
    historical_avg: Mapped[float | None]
    historical_std: Mapped[float | None]
    z_score: Mapped[float | None]
    severity: Mapped[str] = mapped_column(String(50))
    anomaly_type: Mapped[str | None] = mapped_column(String(50))
    diagnosis: Mapped[str | None] = mapped_column(Text)
    possible_causes: Mapped[list[Any]]
    recommended_actions: Mapped[list[Any]]
    time_window: Mapped[str | None] = mapped_column(String(100))
    comparison_period: Mapped[str | None] = mapped_column(String(100))
    confidence: Mapped[float | None]
    status: Mapped[str] = mapped_column(String(50))
    alert_sent: Mapped[bool]
    alerted_channels: Mapped[list[Any]]
    assigned_to: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("employees.id", ondelete="SET NULL"), index=True
    )
    resolution_notes: Mapped[str | None] = mapped_column(Text)
    detected_at: Mapped[dt.datetime] = mapped_column(server_default=text("now()"))
    resolved_at: Mapped[dt.datetime | None]


class CohortAnalysis(Audit, Entity):
    """Retention and value of one cohort."""

    __tablename__ = "cohort_analysis"

    cohort_name: Mapped[str] = mapped_column(String(255))
    cohort_type: Mapped[str] = mapped_column(String(100))
    cohort_value: Mapped[str] = mapped_column(String(255))
    cohort_start_date: Mapped[dt.date | None]
    cohort_size: Mapped[int]
    active_customers: Mapped[int | None]
    churned_customers: Mapped[int | None]
    month_0_retention: Mapped[float | None]
    month_1_retention: Mapped[float | None]
    month_3_retention: Mapped[float | None]
    month_6_retention: Mapped[float | None]
    month_12_retention: Mapped[float | None]
    avg_ltv: Mapped[Money | None]
    avg_arr: Mapped[Money | None]
    avg_months_retained: Mapped[float | None]
    avg_dau_mau_ratio: Mapped[float | None]
    avg_feature_adoption_rate: Mapped[float | None]
    avg_nps: Mapped[int | None]
    vs_overall_retention: Mapped[float | None]
    vs_overall_ltv: Mapped[Money | None]
    analysis_date: Mapped[dt.date]
    calculated_at: Mapped[dt.datetime] = mapped_column(server_default=text("now()"))


class ABTestResult(Audit, Entity):
    """The outcome of an A/B test."""

    __tablename__ = "ab_test_results"

    test_name: Mapped[str] = mapped_column(String(255))
    test_type: Mapped[str | None] = mapped_column(String(100))
    hypothesis: Mapped[str | None] = mapped_column(Text)
    start_date: Mapped[dt.date | None]
    end_date: Mapped[dt.date | None]
    control_variant: Mapped[dict[str, Any]]
    test_variants: Mapped[list[Any]]
    primary_metric: Mapped[str | None] = mapped_column(String(100))
    control_metric_value: Mapped[float | None]
    test_variant_results: Mapped[dict[str, Any]]
    statistical_significance: Mapped[bool]
    p_value: Mapped[float | None]
    confidence_level: Mapped[float | None]
    sample_size: Mapped[int | None]
    winner: Mapped[str | None] = mapped_column(String(100))
    decision: Mapped[str | None] = mapped_column(String(100))
    decision_rationale: Mapped[str | None] = mapped_column(Text)
    implemented: Mapped[bool]
    implementation_date: Mapped[dt.date | None]
    analyzed_at: Mapped[dt.datetime] = mapped_column(server_default=text("now()"))
    analyzed_by: Mapped[str | None] = mapped_column(String(255))


class FunnelStep(Audit, Entity):
    """One step of a funnel."""

    __tablename__ = "funnel_steps"

    funnel_name: Mapped[str] = mapped_column(String(255))
    step_order: Mapped[int]
    step_name: Mapped[str] = mapped_column(String(255))
    step_type: Mapped[str] = mapped_column(String(100))
    event_name: Mapped[str | None] = mapped_column(String(255))
    url_pattern: Mapped[str | None] = mapped_column(String(500))
    required: Mapped[bool]


class FunnelAnalysis(Audit, Entity):
    """How users went through a funnel in one period."""

    __tablename__ = "funnel_analysis"

    funnel_name: Mapped[str] = mapped_column(String(255))
    analysis_period_start: Mapped[dt.datetime]
    analysis_period_end: Mapped[dt.datetime]
    total_users: Mapped[int]
    step_data: Mapped[list[Any]]
    conversion_rate: Mapped[float]
    drop_off_points: Mapped[list[Any]]
    avg_time_to_convert_minutes: Mapped[float | None]


class Insight(Audit, Entity):
    """Something worth knowing, found in the figures."""

    __tablename__ = "insights"

    insight_type: Mapped[str] = mapped_column(String(100))
    title: Mapped[str] = mapped_column(String(500))
    description: Mapped[str] = mapped_column(Text)
    severity: Mapped[str] = mapped_column(String(50))
    confidence_score: Mapped[float]
    supporting_data: Mapped[dict[str, Any]]
    recommended_actions: Mapped[list[Any]]
    status: Mapped[str] = mapped_column(String(50))
