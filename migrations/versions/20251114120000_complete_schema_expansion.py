"""Complete schema expansion

Revision ID: 20251114120000
Revises: efaa6e584823
Create Date: 2025-11-14 12:00:00

"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "20251114120000"
down_revision: str | None = "efaa6e584823"
branch_labels: str | None = None
depends_on: str | None = None

_SUBSCRIPTION_STATUS = postgresql.ENUM(
    "active",
    "past_due",
    "canceled",
    "unpaid",
    "trialing",
    name="subscription_status",
    create_type=False,
)


def upgrade() -> None:
    """Widen the first tables and create the others."""
    _SUBSCRIPTION_STATUS.create(op.get_bind(), checkfirst=False)
    _extend_customers()
    _extend_conversations()
    _extend_messages()
    _create_customer_health_events()
    _create_customer_segments()
    _create_customer_contacts()
    _create_customer_integrations()
    _create_agent_handoffs()
    _create_agent_collaborations()
    _create_conversation_tags()
    _create_subscriptions()
    _create_invoices()
    _create_payments()
    _create_usage_events()
    _create_credits()
    _create_employees()
    _create_customer_notes()
    _create_leads()
    _create_deals()
    _create_sales_activities()
    _create_quotes()
    _create_conversation_analytics()
    _create_feature_usage()
    _create_ab_tests()
    _create_workflows()
    _create_workflow_executions()
    _create_scheduled_tasks()
    _create_audit_logs()
    _create_active_customers()


def downgrade() -> None:
    """Drop all that the upgrade created, newest first."""
    op.execute("DROP VIEW active_customers")
    op.drop_table("audit_logs")
    op.drop_table("scheduled_tasks")
    op.drop_table("workflow_executions")
    op.drop_table("workflows")
    op.drop_table("ab_tests")
    op.drop_table("feature_usage")
    op.drop_table("conversation_analytics")
    op.drop_table("quotes")
    op.drop_table("sales_activities")
    op.drop_table("deals")
    op.drop_table("leads")
    op.drop_table("customer_notes")
    op.drop_table("employees")
    op.drop_table("credits")
    op.drop_table("usage_events")
    op.drop_table("payments")
    op.drop_table("invoices")
    op.drop_table("subscriptions")
    op.drop_table("conversation_tags")
    op.drop_table("agent_collaborations")
    op.drop_table("agent_handoffs")
    op.drop_table("customer_integrations")
    op.drop_table("customer_contacts")
    op.drop_table("customer_segments")
    op.drop_table("customer_health_events")
    _shrink_messages()
    _shrink_conversations()
    _shrink_customers()
    _SUBSCRIPTION_STATUS.drop(op.get_bind(), checkfirst=False)


def _id() -> sa.Column[Any]:
    return sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False)


def _extra_metadata() -> sa.Column[Any]:
    return sa.Column(
        "extra_metadata", postgresql.JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False
    )


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


def _extend_customers() -> None:
    op.add_column("customers", sa.Column("company_name", sa.String(255)))
    op.add_column("customers", sa.Column("company_size", sa.Integer()))
    op.add_column("customers", sa.Column("industry", sa.String(100)))
    op.add_column(
        "customers",
        sa.Column("mrr", sa.Numeric(12, 2), server_default=sa.text("0"), nullable=False),
    )
    op.add_column(
        "customers",
        sa.Column("ltv", sa.Numeric(12, 2), server_default=sa.text("0"), nullable=False),
    )
    op.add_column(
        "customers",
        sa.Column("health_score", sa.Integer(), server_default=sa.text("50"), nullable=False),
    )
    op.add_column(
        "customers",
        sa.Column("churn_risk", sa.Numeric(3, 2), server_default=sa.text("0"), nullable=False),
    )
    op.add_column("customers", sa.Column("nps_score", sa.Integer()))
    op.add_column("customers", sa.Column("lead_source", sa.String(50)))
    op.add_column("customers", sa.Column("country", sa.String(2)))
    op.add_column(
        "customers", sa.Column("timezone", sa.String(50), server_default="UTC", nullable=False)
    )
    op.add_column(
        "customers", sa.Column("language", sa.String(10), server_default="en", nullable=False)
    )
    # revgate: allow[blocking-lock] at most a few thousand rows when this ran; each takes a moment
    op.create_check_constraint(
        op.f("ck_customers_health_score_range"), "customers", "health_score BETWEEN 0 AND 100"
    )
    op.create_check_constraint(
        op.f("ck_customers_churn_risk_range"), "customers", "churn_risk BETWEEN 0 AND 1"
    )
    op.create_index(op.f("ix_customers_health_score"), "customers", ["health_score"])
    op.create_index(op.f("ix_customers_churn_risk"), "customers", ["churn_risk"])
    op.create_index(op.f("ix_customers_mrr"), "customers", ["mrr"])
    op.create_index(op.f("ix_customers_industry"), "customers", ["industry"])
    # Reports look customers up by any key of their metadata.
    op.create_index(
        "ix_customers_extra_metadata", "customers", ["extra_metadata"], postgresql_using="gin"
    )


def _extend_conversations() -> None:
    op.add_column(
        "conversations",
        sa.Column("channel", sa.String(50), server_default="web_chat", nullable=False),
    )
    op.add_column("conversations", sa.Column("intent_confidence", sa.Numeric(3, 2)))
    op.add_column("conversations", sa.Column("emotion", sa.String(50)))
    op.add_column("conversations", sa.Column("resolved_by_agent", sa.String(50)))
    op.add_column("conversations", sa.Column("first_response_time_seconds", sa.Integer()))
    op.add_column("conversations", sa.Column("csat_score", sa.Integer()))
    op.add_column("conversations", sa.Column("last_activity_at", sa.DateTime(timezone=True)))
    # revgate: allow[blocking-lock] at most a few thousand rows when this ran; each takes a moment
    op.create_check_constraint(
        op.f("ck_conversations_channel_values"),
        "conversations",
        "channel IN ('web_chat', 'email', 'phone', 'slack', 'api', 'widget')",
    )
    op.create_check_constraint(
        op.f("ck_conversations_csat_score_range"), "conversations", "csat_score BETWEEN 1 AND 5"
    )
    op.create_index(op.f("ix_conversations_channel"), "conversations", ["channel"])
    op.create_index(op.f("ix_conversations_emotion"), "conversations", ["emotion"])
    op.create_index(
        op.f("ix_conversations_last_activity_at"), "conversations", ["last_activity_at"]
    )


def _extend_messages() -> None:
    op.add_column("messages", sa.Column("agent_confidence", sa.Numeric(3, 2)))
    op.add_column("messages", sa.Column("urgency", sa.String(20)))
    op.add_column("messages", sa.Column("model_used", sa.String(100)))
    # revgate: allow[blocking-lock] at most a few thousand rows when this ran; each takes a moment
    op.create_check_constraint(
        op.f("ck_messages_urgency_values"),
        "messages",
        "urgency IN ('low', 'medium', 'high', 'critical')",
    )


def _create_customer_health_events() -> None:
    op.create_table(
        "customer_health_events",
        _id(),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("event_type", sa.String(50), nullable=False),
        sa.Column("old_value", sa.Numeric(5, 2)),
        sa.Column("new_value", sa.Numeric(5, 2)),
        sa.Column("reason", sa.Text()),
        sa.Column("detected_by", sa.String(50)),
        sa.Column("severity", sa.String(20)),
        _extra_metadata(),
        *_audit_columns(),
        sa.CheckConstraint(
            "severity IN ('low', 'medium', 'high', 'critical')",
            name=op.f("ck_customer_health_events_severity_values"),
        ),
        sa.CheckConstraint(
            "event_type IN ('health_score_change', 'churn_risk_change', "
            "'engagement_drop', 'usage_spike')",
            name=op.f("ck_customer_health_events_event_type_values"),
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customers.id"],
            name=op.f("fk_customer_health_events_customer_id_customers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer_health_events")),
    )
    op.create_index(
        op.f("ix_customer_health_events_customer_id"), "customer_health_events", ["customer_id"]
    )


def _create_customer_segments() -> None:
    op.create_table(
        "customer_segments",
        _id(),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("segment_name", sa.String(100), nullable=False),
        sa.Column("segment_type", sa.String(50), nullable=False),
        sa.Column("confidence_score", sa.Numeric(3, 2)),
        sa.Column(
            "assigned_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("assigned_by", sa.String(50)),
        _extra_metadata(),
        *_audit_columns(),
        sa.CheckConstraint(
            "segment_type IN ('industry', 'lifecycle', 'value', 'behavior', 'risk')",
            name=op.f("ck_customer_segments_segment_type_values"),
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customers.id"],
            name=op.f("fk_customer_segments_customer_id_customers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer_segments")),
    )
    op.create_index(op.f("ix_customer_segments_customer_id"), "customer_segments", ["customer_id"])


def _create_customer_contacts() -> None:
    op.create_table(
        "customer_contacts",
        _id(),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.String(255), nullable=False),
        sa.Column("name", sa.String(255)),
        sa.Column("title", sa.String(100)),
        sa.Column("phone", sa.String(50)),
        sa.Column("role", sa.String(50)),
        sa.Column("is_primary", sa.Boolean(), nullable=False),
        _extra_metadata(),
        *_audit_columns(),
        sa.CheckConstraint(
            "role IN ('admin', 'billing', 'technical', 'business', 'user')",
            name=op.f("ck_customer_contacts_role_values"),
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customers.id"],
            name=op.f("fk_customer_contacts_customer_id_customers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer_contacts")),
    )
    op.create_index(op.f("ix_customer_contacts_customer_id"), "customer_contacts", ["customer_id"])


def _create_customer_integrations() -> None:
    op.create_table(
        "customer_integrations",
        _id(),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("integration_type", sa.String(50), nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("config", postgresql.JSONB(), nullable=False),
        sa.Column("last_sync_at", sa.DateTime(timezone=True)),
        sa.Column("last_sync_status", sa.String(20)),
        sa.Column("error_count", sa.Integer(), nullable=False),
        _extra_metadata(),
        *_audit_columns(),
        sa.CheckConstraint(
            "status IN ('active', 'paused', 'error', 'disconnected')",
            name=op.f("ck_customer_integrations_status_values"),
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customers.id"],
            name=op.f("fk_customer_integrations_customer_id_customers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer_integrations")),
    )
    op.create_index(
        op.f("ix_customer_integrations_customer_id"), "customer_integrations", ["customer_id"]
    )


def _create_agent_handoffs() -> None:
    op.create_table(
        "agent_handoffs",
        _id(),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("from_agent", sa.String(50), nullable=False),
        sa.Column("to_agent", sa.String(50), nullable=False),
        sa.Column("handoff_reason", sa.Text(), nullable=False),
        sa.Column("state_transferred", postgresql.JSONB()),
        sa.Column("confidence_before", sa.Numeric(3, 2)),
        sa.Column(
            "timestamp", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("latency_ms", sa.Integer()),
        _extra_metadata(),
        *_audit_columns(),
        sa.CheckConstraint(
            "from_agent <> to_agent", name=op.f("ck_agent_handoffs_different_agents")
        ),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name=op.f("fk_agent_handoffs_conversation_id_conversations"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agent_handoffs")),
    )
    op.create_index(
        op.f("ix_agent_handoffs_conversation_id"), "agent_handoffs", ["conversation_id"]
    )


def _create_agent_collaborations() -> None:
    op.create_table(
        "agent_collaborations",
        _id(),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("collaboration_type", sa.String(50), nullable=False),
        sa.Column("agents_involved", sa.ARRAY(sa.String()), nullable=False),
        sa.Column("coordinator_agent", sa.String(50)),
        sa.Column(
            "start_time",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("end_time", sa.DateTime(timezone=True)),
        sa.Column("duration_ms", sa.Integer()),
        sa.Column("outcome", sa.Text()),
        sa.Column("consensus_reached", sa.Boolean()),
        _extra_metadata(),
        *_audit_columns(),
        sa.CheckConstraint(
            "collaboration_type IN ('sequential', 'parallel', 'debate', "
            "'verification', 'expert_panel')",
            name=op.f("ck_agent_collaborations_collaboration_type_values"),
        ),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name=op.f("fk_agent_collaborations_conversation_id_conversations"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agent_collaborations")),
    )
    op.create_index(
        op.f("ix_agent_collaborations_conversation_id"), "agent_collaborations", ["conversation_id"]
    )


def _create_conversation_tags() -> None:
    op.create_table(
        "conversation_tags",
        _id(),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("tag", sa.String(50), nullable=False),
        sa.Column("tag_category", sa.String(50)),
        sa.Column("confidence", sa.Numeric(3, 2)),
        sa.Column("tagged_by", sa.String(50)),
        _extra_metadata(),
        *_audit_columns(),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name=op.f("fk_conversation_tags_conversation_id_conversations"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conversation_tags")),
    )
    op.create_index(
        op.f("ix_conversation_tags_conversation_id"), "conversation_tags", ["conversation_id"]
    )


def _create_subscriptions() -> None:
    op.create_table(
        "subscriptions",
        _id(),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("plan", sa.String(50), nullable=False),
        sa.Column("billing_cycle", sa.String(20), nullable=False),
        sa.Column("mrr", sa.Numeric(12, 2), nullable=False),
        sa.Column("arr", sa.Numeric(12, 2)),
        sa.Column("seats_total", sa.Integer(), nullable=False),
        sa.Column("seats_used", sa.Integer(), nullable=False),
        sa.Column("status", _SUBSCRIPTION_STATUS, nullable=False),
        sa.Column("current_period_start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("current_period_end", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cancel_at_period_end", sa.Boolean(), nullable=False),
        sa.Column("canceled_at", sa.DateTime(timezone=True)),
        sa.Column("trial_start", sa.DateTime(timezone=True)),
        sa.Column("trial_end", sa.DateTime(timezone=True)),
        _extra_metadata(),
        *_audit_columns(),
        sa.CheckConstraint(
            "billing_cycle IN ('monthly', 'annual')",
            name=op.f("ck_subscriptions_billing_cycle_values"),
        ),
        sa.CheckConstraint(
            "seats_used <= seats_total", name=op.f("ck_subscriptions_seats_capacity")
        ),
        sa.CheckConstraint(
            "plan IN ('free', 'basic', 'premium', 'enterprise')",
            name=op.f("ck_subscriptions_plan_values"),
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customers.id"],
            name=op.f("fk_subscriptions_customer_id_customers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscriptions")),
    )
    op.create_index(op.f("ix_subscriptions_customer_id"), "subscriptions", ["customer_id"])


def _create_invoices() -> None:
    op.create_table(
        "invoices",
        _id(),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("subscription_id", sa.Uuid()),
        sa.Column("invoice_number", sa.String(50), nullable=False),
        sa.Column("amount", sa.Numeric(12, 2), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True)),
        sa.Column("due_at", sa.DateTime(timezone=True)),
        sa.Column("paid_at", sa.DateTime(timezone=True)),
        _extra_metadata(),
        *_audit_columns(),
        sa.CheckConstraint(
            "status IN ('draft', 'open', 'paid', 'void', 'uncollectible')",
            name=op.f("ck_invoices_status_values"),
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customers.id"],
            name=op.f("fk_invoices_customer_id_customers"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["subscription_id"],
            ["subscriptions.id"],
            name=op.f("fk_invoices_subscription_id_subscriptions"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invoices")),
        sa.UniqueConstraint("invoice_number", name=op.f("uq_invoices_invoice_number")),
    )
    op.create_index(op.f("ix_invoices_customer_id"), "invoices", ["customer_id"])
    op.create_index(op.f("ix_invoices_subscription_id"), "invoices", ["subscription_id"])
    # Dunning reads open invoices alone, a small part of all.
    op.create_index(
        "ix_invoices_due_at", "invoices", ["due_at"], postgresql_where=sa.text("status = 'open'")
    )


def _create_payments() -> None:
    op.create_table(
        "payments",
        _id(),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("invoice_id", sa.Uuid()),
        sa.Column("amount", sa.Numeric(12, 2), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("payment_method", sa.String(50)),
        sa.Column("transaction_id", sa.String(255)),
        sa.Column("processed_at", sa.DateTime(timezone=True)),
        sa.Column("failed_reason", sa.Text()),
        _extra_metadata(),
        *_audit_columns(),
        sa.CheckConstraint(
            "status IN ('pending', 'succeeded', 'failed', 'canceled', 'refunded')",
            name=op.f("ck_payments_status_values"),
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customers.id"],
            name=op.f("fk_payments_customer_id_customers"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["invoice_id"],
            ["invoices.id"],
            name=op.f("fk_payments_invoice_id_invoices"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payments")),
    )
    op.create_index(op.f("ix_payments_customer_id"), "payments", ["customer_id"])
    op.create_index(op.f("ix_payments_invoice_id"), "payments", ["invoice_id"])


def _create_usage_events() -> None:
    op.create_table(
        "usage_events",
        _id(),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("event_type", sa.String(50), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("unit", sa.String(50)),
        sa.Column(
            "timestamp", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        _extra_metadata(),
        *_audit_columns(),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customers.id"],
            name=op.f("fk_usage_events_customer_id_customers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_usage_events")),
    )
    op.create_index(op.f("ix_usage_events_customer_id"), "usage_events", ["customer_id"])


def _create_credits() -> None:
    op.create_table(
        "credits",
        _id(),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("amount", sa.Numeric(12, 2), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("credit_type", sa.String(50), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("expires_at", sa.DateTime(timezone=True)),
        sa.Column("used_amount", sa.Numeric(12, 2), nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        _extra_metadata(),
        *_audit_columns(),
        sa.CheckConstraint(
            "status IN ('active', 'used', 'expired', 'canceled')",
            name=op.f("ck_credits_status_values"),
        ),
        sa.CheckConstraint(
            "credit_type IN ('promotional', 'refund', 'goodwill', 'migration')",
            name=op.f("ck_credits_credit_type_values"),
        ),
        sa.CheckConstraint("used_amount <= amount", name=op.f("ck_credits_credit_usage")),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customers.id"],
            name=op.f("fk_credits_customer_id_customers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credits")),
    )
    op.create_index(op.f("ix_credits_customer_id"), "credits", ["customer_id"])


def _create_employees() -> None:
    op.create_table(
        "employees",
        _id(),
        sa.Column("email", sa.String(255), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("role", sa.String(50), nullable=False),
        sa.Column("department", sa.String(50)),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        _extra_metadata(),
        *_audit_columns(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_employees")),
        sa.UniqueConstraint("email", name=op.f("uq_employees_email")),
    )


def _create_customer_notes() -> None:
    op.create_table(
        "customer_notes",
        _id(),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("note_type", sa.String(50), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("is_internal", sa.Boolean(), nullable=False),
        sa.Column("visibility", sa.String(20), nullable=False),
        sa.Column("author_id", sa.Uuid()),
        _extra_metadata(),
        *_audit_columns(),
        sa.CheckConstraint(
            "note_type IN ('general', 'support', 'sales', 'success', 'technical')",
            name=op.f("ck_customer_notes_note_type_values"),
        ),
        sa.CheckConstraint(
            "visibility IN ('private', 'team', 'company')",
            name=op.f("ck_customer_notes_visibility_values"),
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customers.id"],
            name=op.f("fk_customer_notes_customer_id_customers"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["author_id"],
            ["employees.id"],
            name=op.f("fk_customer_notes_author_id_employees"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer_notes")),
    )
    op.create_index(op.f("ix_customer_notes_customer_id"), "customer_notes", ["customer_id"])
    op.create_index(op.f("ix_customer_notes_author_id"), "customer_notes", ["author_id"])


def _create_leads() -> None:
    op.create_table(
        "leads",
        _id(),
        sa.Column("email", sa.String(255), nullable=False),
        sa.Column("name", sa.String(255)),
        sa.Column("company", sa.String(255)),
        sa.Column("title", sa.String(255)),
        sa.Column("phone", sa.String(50)),
        sa.Column("budget", sa.String(50)),
        sa.Column("authority", sa.String(50)),
        sa.Column("need_score", sa.Numeric(3, 2)),
        sa.Column("timeline", sa.String(50)),
        sa.Column("lead_score", sa.Integer(), nullable=False),
        sa.Column("qualification_status", sa.String(50), nullable=False),
        sa.Column("source", sa.String(50)),
        sa.Column("assigned_to", sa.Uuid()),
        sa.Column("converted_to_customer_id", sa.Uuid()),
        sa.Column("converted_at", sa.DateTime(timezone=True)),
        _extra_metadata(),
        *_audit_columns(),
        sa.CheckConstraint(
            "qualification_status IN ('new', 'mql', 'sql', 'qualified', "
            "'disqualified', 'converted')",
            name=op.f("ck_leads_qualification_status_values"),
        ),
        sa.CheckConstraint("lead_score BETWEEN 0 AND 100", name=op.f("ck_leads_lead_score_range")),
        sa.CheckConstraint("need_score BETWEEN 0 AND 1", name=op.f("ck_leads_need_score_range")),
        sa.ForeignKeyConstraint(
            ["assigned_to"],
            ["employees.id"],
            name=op.f("fk_leads_assigned_to_employees"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["converted_to_customer_id"],
            ["customers.id"],
            name=op.f("fk_leads_converted_to_customer_id_customers"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_leads")),
    )
    op.create_index(op.f("ix_leads_assigned_to"), "leads", ["assigned_to"])
    op.create_index(
        op.f("ix_leads_converted_to_customer_id"), "leads", ["converted_to_customer_id"]
    )
    # Two leads are the same person whatever the case of the address.
    op.create_index("ix_leads_lower_email", "leads", [sa.text("lower(email)")])


def _create_deals() -> None:
    op.create_table(
        "deals",
        _id(),
        sa.Column("lead_id", sa.Uuid()),
        sa.Column("customer_id", sa.Uuid()),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("value", sa.Numeric(12, 2), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("stage", sa.String(50), nullable=False),
        sa.Column("probability", sa.Integer(), nullable=False),
        sa.Column("expected_close_date", sa.DateTime(timezone=True)),
        sa.Column("closed_at", sa.DateTime(timezone=True)),
        sa.Column("lost_reason", sa.Text()),
        sa.Column("assigned_to", sa.Uuid()),
        _extra_metadata(),
        *_audit_columns(),
        sa.CheckConstraint(
            "probability BETWEEN 0 AND 100", name=op.f("ck_deals_probability_range")
        ),
        sa.CheckConstraint(
            "stage IN ('prospecting', 'qualification', 'proposal', "
            "'negotiation', 'closed_won', 'closed_lost')",
            name=op.f("ck_deals_stage_values"),
        ),
        sa.ForeignKeyConstraint(
            ["lead_id"], ["leads.id"], name=op.f("fk_deals_lead_id_leads"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customers.id"],
            name=op.f("fk_deals_customer_id_customers"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["assigned_to"],
            ["employees.id"],
            name=op.f("fk_deals_assigned_to_employees"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deals")),
    )
    op.create_index(op.f("ix_deals_lead_id"), "deals", ["lead_id"])
    op.create_index(op.f("ix_deals_customer_id"), "deals", ["customer_id"])
    op.create_index(op.f("ix_deals_assigned_to"), "deals", ["assigned_to"])


def _create_sales_activities() -> None:
    op.create_table(
        "sales_activities",
        _id(),
        sa.Column("deal_id", sa.Uuid()),
        sa.Column("lead_id", sa.Uuid()),
        sa.Column("activity_type", sa.String(50), nullable=False),
        sa.Column("subject", sa.String(255), nullable=False),
        sa.Column("description", sa.Text()),
        sa.Column("outcome", sa.String(50)),
        sa.Column("scheduled_at", sa.DateTime(timezone=True)),
        sa.Column("completed_at", sa.DateTime(timezone=True)),
        sa.Column("performed_by", sa.Uuid()),
        _extra_metadata(),
        *_audit_columns(),
        sa.CheckConstraint(
            "activity_type IN ('call', 'email', 'meeting', 'demo', 'proposal', 'follow_up')",
            name=op.f("ck_sales_activities_activity_type_values"),
        ),
        sa.ForeignKeyConstraint(
            ["deal_id"],
            ["deals.id"],
            name=op.f("fk_sales_activities_deal_id_deals"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["lead_id"],
            ["leads.id"],
            name=op.f("fk_sales_activities_lead_id_leads"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["performed_by"],
            ["employees.id"],
            name=op.f("fk_sales_activities_performed_by_employees"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sales_activities")),
    )
    op.create_index(op.f("ix_sales_activities_deal_id"), "sales_activities", ["deal_id"])
    op.create_index(op.f("ix_sales_activities_lead_id"), "sales_activities", ["lead_id"])
    op.create_index(op.f("ix_sales_activities_performed_by"), "sales_activities", ["performed_by"])


def _create_quotes() -> None:
    op.create_table(
        "quotes",
        _id(),
        sa.Column("deal_id", sa.Uuid()),
        sa.Column("customer_id", sa.Uuid()),
        sa.Column("quote_number", sa.String(50), nullable=False),
        sa.Column("total_amount", sa.Numeric(12, 2), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True)),
        sa.Column("accepted_at", sa.DateTime(timezone=True)),
        sa.Column("line_items", postgresql.JSONB(), nullable=False),
        _extra_metadata(),
        *_audit_columns(),
        sa.CheckConstraint(
            "status IN ('draft', 'sent', 'accepted', 'declined', 'expired')",
            name=op.f("ck_quotes_status_values"),
        ),
        sa.ForeignKeyConstraint(
            ["deal_id"], ["deals.id"], name=op.f("fk_quotes_deal_id_deals"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customers.id"],
            name=op.f("fk_quotes_customer_id_customers"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quotes")),
        sa.UniqueConstraint("quote_number", name=op.f("uq_quotes_quote_number")),
    )
    op.create_index(op.f("ix_quotes_deal_id"), "quotes", ["deal_id"])
    op.create_index(op.f("ix_quotes_customer_id"), "quotes", ["customer_id"])


def _create_conversation_analytics() -> None:
    op.create_table(
        "conversation_analytics",
        _id(),
        sa.Column("date", sa.DateTime(timezone=True), nullable=False),
        sa.Column("channel", sa.String(50)),
        sa.Column("total_conversations", sa.Integer(), nullable=False),
        sa.Column("resolved_conversations", sa.Integer(), nullable=False),
        sa.Column("escalated_conversations", sa.Integer(), nullable=False),
        sa.Column("avg_resolution_time_seconds", sa.Integer()),
        sa.Column("avg_sentiment", sa.Double()),
        sa.Column("avg_csat", sa.Double()),
        _extra_metadata(),
        *_audit_columns(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conversation_analytics")),
    )


def _create_feature_usage() -> None:
    op.create_table(
        "feature_usage",
        _id(),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("feature_name", sa.String(100), nullable=False),
        sa.Column("usage_count", sa.Integer(), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True)),
        sa.Column("date", sa.DateTime(timezone=True), nullable=False),
        _extra_metadata(),
        *_audit_columns(),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customers.id"],
            name=op.f("fk_feature_usage_customer_id_customers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feature_usage")),
        sa.UniqueConstraint(
            "customer_id",
            "feature_name",
            "date",
            name=op.f("uq_feature_usage_customer_id_feature_name_date"),
        ),
    )


def _create_ab_tests() -> None:
    op.create_table(
        "ab_tests",
        _id(),
        sa.Column("test_name", sa.String(100), nullable=False),
        sa.Column("variant", sa.String(50), nullable=False),
        sa.Column("customer_id", sa.Uuid()),
        sa.Column("conversation_id", sa.Uuid()),
        sa.Column("outcome", sa.String(50)),
        sa.Column("metric_value", sa.Double()),
        sa.Column(
            "timestamp", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        _extra_metadata(),
        *_audit_columns(),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customers.id"],
            name=op.f("fk_ab_tests_customer_id_customers"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name=op.f("fk_ab_tests_conversation_id_conversations"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ab_tests")),
    )
    op.create_index(op.f("ix_ab_tests_customer_id"), "ab_tests", ["customer_id"])
    op.create_index(op.f("ix_ab_tests_conversation_id"), "ab_tests", ["conversation_id"])


def _create_workflows() -> None:
    op.create_table(
        "workflows",
        _id(),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("trigger_type", sa.String(50), nullable=False),
        sa.Column("trigger_config", postgresql.JSONB(), nullable=False),
        sa.Column("actions", postgresql.JSONB(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        _extra_metadata(),
        *_audit_columns(),
        sa.CheckConstraint(
            "trigger_type IN ('time_based', 'event_based', 'condition_based', 'manual')",
            name=op.f("ck_workflows_trigger_type_values"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workflows")),
    )


def _create_workflow_executions() -> None:
    op.create_table(
        "workflow_executions",
        _id(),
        sa.Column("workflow_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column(
            "started_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("completed_at", sa.DateTime(timezone=True)),
        sa.Column("error_message", sa.Text()),
        sa.Column("execution_log", postgresql.JSONB(), nullable=False),
        _extra_metadata(),
        *_audit_columns(),
        sa.CheckConstraint(
            "status IN ('running', 'completed', 'failed', 'canceled')",
            name=op.f("ck_workflow_executions_status_values"),
        ),
        sa.ForeignKeyConstraint(
            ["workflow_id"],
            ["workflows.id"],
            name=op.f("fk_workflow_executions_workflow_id_workflows"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workflow_executions")),
    )
    op.create_index(
        op.f("ix_workflow_executions_workflow_id"), "workflow_executions", ["workflow_id"]
    )


def _create_scheduled_tasks() -> None:
    op.create_table(
        "scheduled_tasks",
        _id(),
        sa.Column("task_name", sa.String(100), nullable=False),
        sa.Column("task_type", sa.String(50), nullable=False),
        sa.Column("schedule", sa.String(100), nullable=False),
        sa.Column("parameters", postgresql.JSONB(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("last_run_at", sa.DateTime(timezone=True)),
        sa.Column("next_run_at", sa.DateTime(timezone=True)),
        _extra_metadata(),
        *_audit_columns(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scheduled_tasks")),
    )


def _create_audit_logs() -> None:
    op.create_table(
        "audit_logs",
        _id(),
        sa.Column("entity_type", sa.String(50), nullable=False),
        sa.Column("entity_id", sa.Uuid()),
        sa.Column("action", sa.String(50), nullable=False),
        sa.Column("actor_type", sa.String(50), nullable=False),
        sa.Column("actor_id", sa.Uuid()),
        sa.Column("changes", postgresql.JSONB()),
        sa.Column("ip_address", sa.String(45)),
        sa.Column("user_agent", sa.Text()),
        sa.Column(
            "timestamp", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        _extra_metadata(),
        sa.CheckConstraint(
            "action IN ('create', 'read', 'update', 'delete', 'login', 'logout', 'export')",
            name=op.f("ck_audit_logs_action_values"),
        ),
        sa.CheckConstraint(
            "actor_type IN ('user', 'agent', 'system', 'api')",
            name=op.f("ck_audit_logs_actor_type_values"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_logs")),
    )


def _create_active_customers() -> None:
    op.execute(
        """
        CREATE VIEW active_customers AS
        SELECT id, email, name, company_name, plan, mrr, health_score, churn_risk
        FROM customers
        WHERE deleted_at IS NULL
        """
    )


def _shrink_messages() -> None:
    op.drop_constraint(op.f("ck_messages_urgency_values"), "messages", type_="check")
    op.drop_column("messages", "model_used")
    op.drop_column("messages", "urgency")
    op.drop_column("messages", "agent_confidence")


def _shrink_conversations() -> None:
    op.drop_index(op.f("ix_conversations_last_activity_at"), table_name="conversations")
    op.drop_index(op.f("ix_conversations_emotion"), table_name="conversations")
    op.drop_index(op.f("ix_conversations_channel"), table_name="conversations")
    op.drop_constraint(op.f("ck_conversations_csat_score_range"), "conversations", type_="check")
    op.drop_constraint(op.f("ck_conversations_channel_values"), "conversations", type_="check")
    op.drop_column("conversations", "last_activity_at")
    op.drop_column("conversations", "csat_score")
    op.drop_column("conversations", "first_response_time_seconds")
    op.drop_column("conversations", "resolved_by_agent")
    op.drop_column("conversations", "emotion")
    op.drop_column("conversations", "intent_confidence")
    op.drop_column("conversations", "channel")


def _shrink_customers() -> None:
    op.drop_index("ix_customers_extra_metadata", table_name="customers")
    op.drop_index(op.f("ix_customers_industry"), table_name="customers")
    op.drop_index(op.f("ix_customers_mrr"), table_name="customers")
    op.drop_index(op.f("ix_customers_churn_risk"), table_name="customers")
    op.drop_index(op.f("ix_customers_health_score"), table_name="customers")
    op.drop_constraint(op.f("ck_customers_churn_risk_range"), "customers", type_="check")
    op.drop_constraint(op.f("ck_customers_health_score_range"), "customers", type_="check")
    op.drop_column("customers", "language")
    op.drop_column("customers", "timezone")
    op.drop_column("customers", "country")
    op.drop_column("customers", "lead_source")
    op.drop_column("customers", "nps_score")
    op.drop_column("customers", "churn_risk")
    op.drop_column("customers", "health_score")
    op.drop_column("customers", "ltv")
    op.drop_column("customers", "mrr")
    op.drop_column("customers", "industry")
    op.drop_column("customers", "company_size")
    op.drop_column("customers", "company_name")
