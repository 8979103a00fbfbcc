"""Tier 3: operational excellence

Revision ID: 20251116000000
Revises: 20251114120000
Create Date: 2025-11-16 00:00:00

"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "20251116000000"
down_revision: str | None = "20251114120000"
branch_labels: str | None = None
depends_on: str | None = None

_INCIDENT_SEVERITY = postgresql.ENUM(
    "low", "medium", "high", "critical", name="incident_severity", create_type=False
)


def upgrade() -> None:
    """Create the tables and all that belongs to them."""
    _INCIDENT_SEVERITY.create(op.get_bind(), checkfirst=False)
    _create_anomaly_detections()
    _create_cohort_analysis()
    _create_ab_test_results()
    _create_funnel_steps()
    _create_funnel_analysis()
    _create_insights()
    _create_response_quality_checks()
    _create_policy_rules()
    _create_hallucination_detections()
    _create_automated_tasks()
    _create_sla_compliance()
    _create_pii_detections()
    _create_security_incidents()
    _create_compliance_audits()
    _create_consent_records()


def downgrade() -> None:
    """Drop all that the upgrade created, newest first."""
    op.drop_table("consent_records")
    op.drop_table("compliance_audits")
    op.drop_table("security_incidents")
    op.drop_table("pii_detections")
    op.drop_table("sla_compliance")
    op.drop_table("automated_tasks")
    op.drop_table("hallucination_detections")
    op.drop_table("policy_rules")
    op.drop_table("response_quality_checks")
    op.drop_table("insights")
    op.drop_table("funnel_analysis")
    op.drop_table("funnel_steps")
    op.drop_table("ab_test_results")
    op.drop_table("cohort_analysis")
    op.drop_table("anomaly_detections")
    _INCIDENT_SEVERITY.drop(op.get_bind(), checkfirst=False)


def _id() -> sa.Column[Any]:
    return sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False)


def _audit_columns() -> list[sa.Column[Any]]:
    return [
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("updated_at", sa.DateTime(timezone=True)),
        sa.Column("created_by", sa.Uuid()),
        sa.Column("updated_by", sa.Uuid()),
        sa.Column("deleted_at", sa.DateTime(timezone=True)),
        sa.Column("deleted_by", sa.Uuid()),
    ]


def _create_anomaly_detections() -> None:
    op.create_table(
        "anomaly_detections",
        _id(),
        sa.Column("metric_name", sa.String(255), nullable=False),
        sa.Column("metric_category", sa.String(100)),
        sa.Column("current_value", sa.Double(), nullable=False),
        sa.Column("expected_value", sa.Double()),
        sa.Column("historical_avg", sa.Double()),
        sa.Column("historical_std", sa.Double()),
        sa.Column("z_score", sa.Double()),
        sa.Column("severity", sa.String(50), nullable=False),
        sa.Column("anomaly_type", sa.String(50)),
        sa.Column("diagnosis", sa.Text()),
        sa.Column("possible_causes", postgresql.JSONB(), nullable=False),
        sa.Column("recommended_actions", postgresql.JSONB(), nullable=False),
        sa.Column("time_window", sa.String(100)),
        sa.Column("comparison_period", sa.String(100)),
        sa.Column("confidence", sa.Double()),
        sa.Column("status", sa.String(50), nullable=False),
        sa.Column("alert_sent", sa.Boolean(), nullable=False),
        sa.Column("alerted_channels", postgresql.JSONB(), nullable=False),
        sa.Column("assigned_to", sa.Uuid()),
        sa.Column("resolution_notes", sa.Text()),
        sa.Column(
            "detected_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("resolved_at", sa.DateTime(timezone=True)),
        *_audit_columns(),
        sa.ForeignKeyConstraint(
            ["assigned_to"],
            ["employees.id"],
            name=op.f("fk_anomaly_detections_assigned_to_employees"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_anomaly_detections")),
    )
    op.create_index(
        op.f("ix_anomaly_detections_assigned_to"), "anomaly_detections", ["assigned_to"]
    )


def _create_cohort_analysis() -> None:
    op.create_table(
        "cohort_analysis",
        _id(),
        sa.Column("cohort_name", sa.String(255), nullable=False),
        sa.Column("cohort_type", sa.String(100), nullable=False),
        sa.Column("cohort_value", sa.String(255), nullable=False),
        sa.Column("cohort_start_date", sa.Date()),
        sa.Column("cohort_size", sa.Integer(), nullable=False),
        sa.Column("active_customers", sa.Integer()),
        sa.Column("churned_customers", sa.Integer()),
        sa.Column("month_0_retention", sa.Double()),
        sa.Column("month_1_retention", sa.Double()),
        sa.Column("month_3_retention", sa.Double()),
        sa.Column("month_6_retention", sa.Double()),
        sa.Column("month_12_retention", sa.Double()),
        sa.Column("avg_ltv", sa.Numeric(12, 2)),
        sa.Column("avg_arr", sa.Numeric(12, 2)),
        sa.Column("avg_months_retained", sa.Double()),
        sa.Column("avg_dau_mau_ratio", sa.Double()),
        sa.Column("avg_feature_adoption_rate", sa.Double()),
        sa.Column("avg_nps", sa.Integer()),
        sa.Column("vs_overall_retention", sa.Double()),
        sa.Column("vs_overall_ltv", sa.Numeric(12, 2)),
        sa.Column("analysis_date", sa.Date(), nullable=False),
        sa.Column(
            "calculated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        *_audit_columns(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cohort_analysis")),
    )


def _create_ab_test_results() -> None:
    op.create_table(
        "ab_test_results",
        _id(),
        sa.Column("test_name", sa.String(255), nullable=False),
        sa.Column("test_type", sa.String(100)),
        sa.Column("hypothesis", sa.Text()),
        sa.Column("start_date", sa.Date()),
        sa.Column("end_date", sa.Date()),
        sa.Column("control_variant", postgresql.JSONB(), nullable=False),
        sa.Column("test_variants", postgresql.JSONB(), nullable=False),
        sa.Column("primary_metric", sa.String(100)),
        sa.Column("control_metric_value", sa.Double()),
        sa.Column("test_variant_results", postgresql.JSONB(), nullable=False),
        sa.Column("statistical_significance", sa.Boolean(), nullable=False),
        sa.Column("p_value", sa.Double()),
        sa.Column("confidence_level", sa.Double()),
        sa.Column("sample_size", sa.Integer()),
        sa.Column("winner", sa.String(100)),
        sa.Column("decision", sa.String(100)),
        sa.Column("decision_rationale", sa.Text()),
        sa.Column("implemented", sa.Boolean(), nullable=False),
        sa.Column("implementation_date", sa.Date()),
        sa.Column(
            "analyzed_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("analyzed_by", sa.String(255)),
        *_audit_columns(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ab_test_results")),
    )


def _create_funnel_steps() -> None:
    op.create_table(
        "funnel_steps",
        _id(),
        sa.Column("funnel_name", sa.String(255), nullable=False),
        sa.Column("step_order", sa.Integer(), nullable=False),
        sa.Column("step_name", sa.String(255), nullable=False),
        sa.Column("step_type", sa.String(100), nullable=False),
        sa.Column("event_name", sa.String(255)),
        sa.Column("url_pattern", sa.String(500)),
        sa.Column("required", sa.Boolean(), nullable=False),
        *_audit_columns(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_funnel_steps")),
    )


def _create_funnel_analysis() -> None:
    op.create_table(
        "funnel_analysis",
        _id(),
        sa.Column("funnel_name", sa.String(255), nullable=False),
        sa.Column("analysis_period_start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("analysis_period_end", sa.DateTime(timezone=True), nullable=False),
        sa.Column("total_users", sa.Integer(), nullable=False),
        sa.Column("step_data", postgresql.JSONB(), nullable=False),
        sa.Column("conversion_rate", sa.Double(), nullable=False),
        sa.Column("drop_off_points", postgresql.JSONB(), nullable=False),
        sa.Column("avg_time_to_convert_minutes", sa.Double()),
        *_audit_columns(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_funnel_analysis")),
    )


def _create_insights() -> None:
    op.create_table(
        "insights",
        _id(),
        sa.Column("insight_type", sa.String(100), nullable=False),
        sa.Column("title", sa.String(500), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("severity", sa.String(50), nullable=False),
        sa.Column("confidence_score", sa.Double(), nullable=False),
        sa.Column("supporting_data", postgresql.JSONB(), nullable=False),
        sa.Column("recommended_actions", postgresql.JSONB(), nullable=False),
        sa.Column("status", sa.String(50), nullable=False),
        *_audit_columns(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_insights")),
    )


def _create_response_quality_checks() -> None:
    op.create_table(
        "response_quality_checks",
        _id(),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Uuid()),
        sa.Column("checks_performed", postgresql.JSONB(), nullable=False),
        sa.Column("fact_check_passed", sa.Boolean()),
        sa.Column("fact_check_details", postgresql.JSONB(), nullable=False),
        sa.Column("policy_check_passed", sa.Boolean()),
        sa.Column("policy_violations", postgresql.JSONB(), nullable=False),
        sa.Column("tone_check_passed", sa.Boolean()),
        sa.Column("tone_appropriateness", sa.Double()),
        sa.Column("tone_issues", postgresql.JSONB(), nullable=False),
        sa.Column("completeness_check_passed", sa.Boolean()),
        sa.Column("completeness_score", sa.Double()),
        sa.Column("missing_elements", postgresql.JSONB(), nullable=False),
        sa.Column("code_validation_passed", sa.Boolean()),
        sa.Column("code_issues", postgresql.JSONB(), nullable=False),
        sa.Column("link_check_passed", sa.Boolean()),
        sa.Column("broken_links", postgresql.JSONB(), nullable=False),
        sa.Column("sensitivity_check_passed", sa.Boolean()),
        sa.Column("sensitivity_issues", postgresql.JSONB(), nullable=False),
        sa.Column("hallucination_detected", sa.Boolean()),
        sa.Column("hallucination_details", postgresql.JSONB(), nullable=False),
        sa.Column("citation_check_passed", sa.Boolean()),
        sa.Column("citation_issues", postgresql.JSONB(), nullable=False),
        sa.Column("all_checks_passed", sa.Boolean(), nullable=False),
        sa.Column("overall_quality_score", sa.Double()),
        sa.Column("response_approved", sa.Boolean(), nullable=False),
        sa.Column("blocked_reason", sa.Text()),
        sa.Column(
            "checked_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("check_duration_ms", sa.Integer()),
        *_audit_columns(),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name=op.f("fk_response_quality_checks_conversation_id_conversations"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["message_id"],
            ["messages.id"],
            name=op.f("fk_response_quality_checks_message_id_messages"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_response_quality_checks")),
    )
    op.create_index(
        op.f("ix_response_quality_checks_conversation_id"),
        "response_quality_checks",
        ["conversation_id"],
    )
    op.create_index(
        op.f("ix_response_quality_checks_message_id"), "response_quality_checks", ["message_id"]
    )


def _create_policy_rules() -> None:
    op.create_table(
        "policy_rules",
        _id(),
        sa.Column("rule_name", sa.String(255), nullable=False),
        sa.Column("rule_type", sa.String(100), nullable=False),
        sa.Column("rule_category", sa.String(100), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("pattern", sa.Text()),
        sa.Column("severity", sa.String(50), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        *_audit_columns(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy_rules")),
        sa.UniqueConstraint("rule_name", name=op.f("uq_policy_rules_rule_name")),
    )


def _create_hallucination_detections() -> None:
    op.create_table(
        "hallucination_detections",
        _id(),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Uuid()),
        sa.Column("claim", sa.Text(), nullable=False),
        sa.Column("hallucination_type", sa.String(100), nullable=False),
        sa.Column("confidence_score", sa.Double(), nullable=False),
        sa.Column("supporting_evidence", postgresql.JSONB(), nullable=False),
        sa.Column("contradicting_evidence", postgresql.JSONB(), nullable=False),
        *_audit_columns(),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name=op.f("fk_hallucination_detections_conversation_id_conversations"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["message_id"],
            ["messages.id"],
            name=op.f("fk_hallucination_detections_message_id_messages"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hallucination_detections")),
    )
    op.create_index(
        op.f("ix_hallucination_detections_conversation_id"),
        "hallucination_detections",
        ["conversation_id"],
    )
    op.create_index(
        op.f("ix_hallucination_detections_message_id"), "hallucination_detections", ["message_id"]
    )


def _create_automated_tasks() -> None:
    op.create_table(
        "automated_tasks",
        _id(),
        sa.Column("task_type", sa.String(100), nullable=False),
        sa.Column("task_name", sa.String(255), nullable=False),
        sa.Column("description", sa.Text()),
        sa.Column("trigger_type", sa.String(100), nullable=False),
        sa.Column("trigger_config", postgresql.JSONB(), nullable=False),
        sa.Column("action_config", postgresql.JSONB(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("last_run_at", sa.DateTime(timezone=True)),
        sa.Column("next_run_at", sa.DateTime(timezone=True)),
        sa.Column("run_count", sa.Integer(), nullable=False),
        sa.Column("success_count", sa.Integer(), nullable=False),
        sa.Column("failure_count", sa.Integer(), nullable=False),
        *_audit_columns(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_automated_tasks")),
    )


def _create_sla_compliance() -> None:
    op.create_table(
        "sla_compliance",
        _id(),
        sa.Column("sla_type", sa.String(100), nullable=False),
        sa.Column("sla_tier", sa.String(50), nullable=False),
        sa.Column("sla_target_minutes", sa.Integer(), nullable=False),
        sa.Column("entity_type", sa.String(100), nullable=False),
        sa.Column("entity_id", sa.Uuid(), nullable=False),
        sa.Column(
            "started_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("deadline", sa.DateTime(timezone=True), nullable=False),
        sa.Column("completed_at", sa.DateTime(timezone=True)),
        sa.Column("actual_duration_minutes", sa.Integer()),
        sa.Column("sla_met", sa.Boolean()),
        sa.Column("sla_buffer_minutes", sa.Integer()),
        sa.Column("sla_breach_severity", sa.String(50)),
        sa.Column("customer_id", sa.Uuid()),
        sa.Column("customer_plan", sa.String(100)),
        sa.Column("escalated", sa.Boolean(), nullable=False),
        sa.Column("compensation_required", sa.Boolean(), nullable=False),
        sa.Column("compensation_amount", sa.Numeric(12, 2)),
        *_audit_columns(),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customers.id"],
            name=op.f("fk_sla_compliance_customer_id_customers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sla_compliance")),
    )
    op.create_index(op.f("ix_sla_compliance_customer_id"), "sla_compliance", ["customer_id"])


def _create_pii_detections() -> None:
    op.create_table(
        "pii_detections",
        _id(),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Uuid()),
        sa.Column("pii_type", sa.String(100), nullable=False),
        sa.Column("detected_value", sa.String(500)),
        sa.Column("confidence_score", sa.Double(), nullable=False),
        sa.Column("masked_value", sa.String(500)),
        sa.Column("action_taken", sa.String(100), nullable=False),
        *_audit_columns(),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name=op.f("fk_pii_detections_conversation_id_conversations"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["message_id"],
            ["messages.id"],
            name=op.f("fk_pii_detections_message_id_messages"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pii_detections")),
    )
    op.create_index(
        op.f("ix_pii_detections_conversation_id"), "pii_detections", ["conversation_id"]
    )
    op.create_index(op.f("ix_pii_detections_message_id"), "pii_detections", ["message_id"])


def _create_security_incidents() -> None:
    op.create_table(
        "security_incidents",
        _id(),
        sa.Column("incident_type", sa.String(100), nullable=False),
        sa.Column("severity", _INCIDENT_SEVERITY, nullable=False),
        sa.Column("title", sa.String(500), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("affected_systems", postgresql.JSONB(), nullable=False),
        sa.Column("status", sa.String(50), nullable=False),
        sa.Column(
            "detected_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("resolved_at", sa.DateTime(timezone=True)),
        sa.Column("assigned_to", sa.Uuid()),
        sa.Column("remediation_steps", postgresql.JSONB(), nullable=False),
        *_audit_columns(),
        sa.ForeignKeyConstraint(
            ["assigned_to"],
            ["employees.id"],
            name=op.f("fk_security_incidents_assigned_to_employees"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_security_incidents")),
    )
    op.create_index(
        op.f("ix_security_incidents_assigned_to"), "security_incidents", ["assigned_to"]
    )


def _create_compliance_audits() -> None:
    op.create_table(
        "compliance_audits",
        _id(),
        sa.Column("audit_type", sa.String(100), nullable=False),
        sa.Column("framework", sa.String(100), nullable=False),
        sa.Column("audit_date", sa.Date(), nullable=False),
        sa.Column("auditor", sa.String(255)),
        sa.Column("findings", postgresql.JSONB(), nullable=False),
        sa.Column("pass_fail_status", sa.String(50), nullable=False),
        sa.Column("score", sa.Double()),
        sa.Column("recommendations", postgresql.JSONB(), nullable=False),
        *_audit_columns(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_compliance_audits")),
    )


def _create_consent_records() -> None:
    op.create_table(
        "consent_records",
        _id(),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("consent_type", sa.String(100), nullable=False),
        sa.Column("consented", sa.Boolean(), nullable=False),
        sa.Column("consent_text", sa.Text()),
        sa.Column("consent_version", sa.String(50)),
        sa.Column(
            "consent_date",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("ip_address", sa.String(45)),
        sa.Column("revoked_at", sa.DateTime(timezone=True)),
        *_audit_columns(),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customers.id"],
            name=op.f("fk_consent_records_customer_id_customers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent_records")),
    )
    op.create_index(op.f("ix_consent_records_customer_id"), "consent_records", ["customer_id"])
