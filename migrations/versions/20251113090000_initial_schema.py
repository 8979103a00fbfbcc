"""Initial schema

Revision ID: efaa6e584823
Revises:
Create Date: 2025-11-13 09:00:00

"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "efaa6e584823"
down_revision: str | None = None
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Create the tables and all that belongs to them."""
    _create_agent_performance()
    _create_customers()
    _create_conversations()
    _create_messages()


def downgrade() -> None:
    """Drop all that the upgrade created, newest first."""
    op.drop_table("messages")
    op.drop_table("conversations")
    op.drop_table("customers")
    op.drop_table("agent_performance")


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


def _create_agent_performance() -> None:
    op.create_table(
        "agent_performance",
        _id(),
        sa.Column("agent_name", sa.String(50), nullable=False),
        sa.Column("date", sa.DateTime(timezone=True), nullable=False),
        sa.Column("total_interactions", sa.Integer(), nullable=False),
        sa.Column("successful_resolutions", sa.Integer(), nullable=False),
        sa.Column("escalations", sa.Integer(), nullable=False),
        sa.Column("avg_confidence", sa.Double()),
        sa.Column("avg_sentiment", sa.Double()),
        sa.Column("avg_response_time_ms", sa.Integer()),
        _extra_metadata(),
        *_audit_columns(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agent_performance")),
        sa.UniqueConstraint(
            "agent_name", "date", name=op.f("uq_agent_performance_agent_name_date")
        ),
    )


def _create_customers() -> None:
    op.create_table(
        "customers",
        _id(),
        sa.Column("email", sa.String(255), nullable=False),
        sa.Column("name", sa.String(255)),
        sa.Column("plan", sa.String(50), nullable=False),
        _extra_metadata(),
        *_audit_columns(),
        sa.CheckConstraint(
            "plan IN ('free', 'basic', 'premium', 'enterprise')",
            name=op.f("ck_customers_plan_values"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customers")),
        sa.UniqueConstraint("email", name=op.f("uq_customers_email")),
    )


def _create_conversations() -> None:
    op.create_table(
        "conversations",
        _id(),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.String(50), nullable=False),
        sa.Column("primary_intent", sa.String(100)),
        sa.Column("agents_involved", sa.ARRAY(sa.String()), nullable=False),
        sa.Column("sentiment_avg", sa.Double()),
        sa.Column("kb_articles_used", sa.ARRAY(sa.String()), nullable=False),
        _extra_metadata(),
        sa.Column(
            "started_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("resolution_time_seconds", sa.Integer()),
        *_audit_columns(),
        sa.CheckConstraint(
            "sentiment_avg BETWEEN -1 AND 1", name=op.f("ck_conversations_sentiment_range")
        ),
        sa.CheckConstraint(
            "status IN ('active', 'resolved', 'escalated')",
            name=op.f("ck_conversations_status_values"),
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customers.id"],
            name=op.f("fk_conversations_customer_id_customers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conversations")),
    )
    op.create_index(op.f("ix_conversations_customer_id"), "conversations", ["customer_id"])


def _create_messages() -> None:
    op.create_table(
        "messages",
        _id(),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.String(20), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("agent_name", sa.String(50)),
        sa.Column("intent", sa.String(100)),
        sa.Column("sentiment", sa.Double()),
        sa.Column("confidence", sa.Double()),
        sa.Column("tokens_used", sa.Integer()),
        _extra_metadata(),
        *_audit_columns(),
        sa.CheckConstraint("confidence BETWEEN 0 AND 1", name=op.f("ck_messages_confidence_range")),
        sa.CheckConstraint(
            "role IN ('user', 'assistant', 'system')", name=op.f("ck_messages_role_values")
        ),
        sa.CheckConstraint("sentiment BETWEEN -1 AND 1", name=op.f("ck_messages_sentiment_range")),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name=op.f("fk_messages_conversation_id_conversations"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_messages")),
    )
    op.create_index(op.f("ix_messages_conversation_id"), "messages", ["conversation_id"])
