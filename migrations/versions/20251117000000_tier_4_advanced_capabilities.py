"""Tier 4: advanced capabilities

Revision ID: 20251117000000
Revises: 20251116120000
Create Date: 2025-11-17 00:00:00

"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "20251117000000"
down_revision: str | None = "20251116120000"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Create the tables and all that belongs to them."""
    _create_ml_predictions()
    _create_ml_model_performance()
    _create_upsell_opportunities()
    _create_capacity_forecasts()
    _create_support_volume_forecasts()
    _create_customer_preferences()
    _create_personalization_events()
    _create_customer_personas()
    _create_competitors()
    _create_competitor_changes()
    _create_win_loss_records()
    _create_battlecards()
    _create_generated_content()
    _create_content_performance()
    _create_improvement_insights()
    _create_ab_test_experiments()
    _create_prompt_versions()


def downgrade() -> None:
    """Drop all that the upgrade created, newest first."""
    op.drop_table("prompt_versions")
    op.drop_table("ab_test_experiments")
    op.drop_table("improvement_insights")
    op.drop_table("content_performance")
    op.drop_table("generated_content")
    op.drop_table("battlecards")
    op.drop_table("win_loss_records")
    op.drop_table("competitor_changes")
    op.drop_table("competitors")
    op.drop_table("customer_personas")
    op.drop_table("personalization_events")
    op.drop_table("customer_preferences")
    op.drop_table("support_volume_forecasts")
    op.drop_table("capacity_forecasts")
    op.drop_table("upsell_opportunities")
    op.drop_table("ml_model_performance")
    op.drop_table("ml_predictions")


def _id() -> sa.Column[Any]:
    return sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False)


def _extra_metadata() -> sa.Column[Any]:
    return sa.Column(
        "extra_metadata", postgresql.JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False
    )


def _create_ml_predictions() -> None:
    op.create_table(
        "ml_predictions",
        _id(),
        sa.Column("customer_id", sa.Uuid()),
        sa.Column("prediction_type", sa.String(50), nullable=False),
        sa.Column("prediction_value", sa.Double(), nullable=False),
        sa.Column("prediction_label", sa.String(50)),
        sa.Column("confidence", sa.Double()),
        _extra_metadata(),
        sa.Column("actual_outcome", sa.Boolean()),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("valid_until", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customers.id"],
            name=op.f("fk_ml_predictions_customer_id_customers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ml_predictions")),
    )
    op.create_index(op.f("ix_ml_predictions_customer_id"), "ml_predictions", ["customer_id"])


def _create_ml_model_performance() -> None:
    op.create_table(
        "ml_model_performance",
        _id(),
        sa.Column("model_name", sa.String(100), nullable=False),
        sa.Column("version", sa.String(50)),
        sa.Column("accuracy", sa.Double()),
        sa.Column("precision", sa.Double()),
        sa.Column("recall", sa.Double()),
        sa.Column("f1_score", sa.Double()),
        sa.Column("auc", sa.Double()),
        sa.Column("training_date", sa.DateTime(timezone=True)),
        sa.Column(
            "evaluation_date",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("sample_size", sa.Integer()),
        _extra_metadata(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ml_model_performance")),
    )


def _create_upsell_opportunities() -> None:
    op.create_table(
        "upsell_opportunities",
        _id(),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("opportunity_type", sa.String(50), nullable=False),
        sa.Column("estimated_arr_increase", sa.Numeric(12, 2)),
        sa.Column("probability", sa.Double(), nullable=False),
        sa.Column("triggers", postgresql.JSONB(), nullable=False),
        sa.Column("recommended_timing", sa.String(50)),
        sa.Column("status", sa.String(50), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("closed_at", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customers.id"],
            name=op.f("fk_upsell_opportunities_customer_id_customers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_upsell_opportunities")),
    )
    op.create_index(
        op.f("ix_upsell_opportunities_customer_id"), "upsell_opportunities", ["customer_id"]
    )


def _create_capacity_forecasts() -> None:
    op.create_table(
        "capacity_forecasts",
        _id(),
        sa.Column("resource_type", sa.String(50), nullable=False),
        sa.Column("forecast_date", sa.Date(), nullable=False),
        sa.Column("predicted_usage_percent", sa.Double(), nullable=False),
        sa.Column("confidence_lower", sa.Double()),
        sa.Column("confidence_upper", sa.Double()),
        sa.Column("alert_triggered", sa.Boolean(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_capacity_forecasts")),
    )


def _create_support_volume_forecasts() -> None:
    op.create_table(
        "support_volume_forecasts",
        _id(),
        sa.Column("forecast_date", sa.Date(), nullable=False),
        sa.Column("predicted_tickets", sa.Integer(), nullable=False),
        sa.Column("confidence_lower", sa.Integer()),
        sa.Column("confidence_upper", sa.Integer()),
        sa.Column("recommended_agents", sa.Integer()),
        sa.Column("actual_tickets", sa.Integer()),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_support_volume_forecasts")),
    )


def _create_customer_preferences() -> None:
    op.create_table(
        "customer_preferences",
        _id(),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("communication_style", sa.String(50)),
        sa.Column("response_depth", sa.String(50)),
        sa.Column("content_format", postgresql.JSONB(), nullable=False),
        sa.Column("technical_level", sa.String(50)),
        sa.Column("notification_frequency", sa.String(50)),
        sa.Column("preferred_channel", sa.String(50)),
        sa.Column("preferred_time", sa.String(50)),
        sa.Column("timezone", sa.String(50)),
        sa.Column("language", sa.String(10)),
        sa.Column("confidence_scores", postgresql.JSONB(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customers.id"],
            name=op.f("fk_customer_preferences_customer_id_customers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer_preferences")),
        sa.UniqueConstraint("customer_id", name=op.f("uq_customer_preferences_customer_id")),
    )


def _create_personalization_events() -> None:
    op.create_table(
        "personalization_events",
        _id(),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("event_type", sa.String(100), nullable=False),
        sa.Column("event_data", postgresql.JSONB(), nullable=False),
        sa.Column(
            "timestamp", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customers.id"],
            name=op.f("fk_personalization_events_customer_id_customers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_personalization_events")),
    )
    op.create_index(
        op.f("ix_personalization_events_customer_id"), "personalization_events", ["customer_id"]
    )


def _create_customer_personas() -> None:
    op.create_table(
        "customer_personas",
        _id(),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("persona", sa.String(50), nullable=False),
        sa.Column("confidence", sa.Double()),
        sa.Column("signals", postgresql.JSONB(), nullable=False),
        sa.Column(
            "identified_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customers.id"],
            name=op.f("fk_customer_personas_customer_id_customers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer_personas")),
        sa.UniqueConstraint("customer_id", name=op.f("uq_customer_personas_customer_id")),
    )


def _create_competitors() -> None:
    op.create_table(
        "competitors",
        _id(),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("website", sa.String(500)),
        sa.Column("target_market", sa.String(100)),
        sa.Column("primary_product", sa.String(200)),
        sa.Column("pricing_page", sa.String(500)),
        sa.Column("changelog_url", sa.String(500)),
        sa.Column("blog_url", sa.String(500)),
        sa.Column("current_pricing", postgresql.JSONB(), nullable=False),
        sa.Column("latest_features", postgresql.JSONB(), nullable=False),
        sa.Column("sentiment_score", sa.Double()),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_competitors")),
        sa.UniqueConstraint("name", name=op.f("uq_competitors_name")),
    )


def _create_competitor_changes() -> None:
    op.create_table(
        "competitor_changes",
        _id(),
        sa.Column("competitor_id", sa.Uuid()),
        sa.Column("change_type", sa.String(100), nullable=False),
        sa.Column("change_description", sa.Text()),
        sa.Column("severity", sa.String(20)),
        sa.Column("impact", sa.Text()),
        sa.Column(
            "detected_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["competitor_id"],
            ["competitors.id"],
            name=op.f("fk_competitor_changes_competitor_id_competitors"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_competitor_changes")),
    )
    op.create_index(
        op.f("ix_competitor_changes_competitor_id"), "competitor_changes", ["competitor_id"]
    )


def _create_win_loss_records() -> None:
    op.create_table(
        "win_loss_records",
        _id(),
        sa.Column("deal_id", sa.Uuid()),
        sa.Column("outcome", sa.String(20), nullable=False),
        sa.Column("competitor", sa.String(200)),
        sa.Column("deal_value", sa.Numeric(12, 2)),
        sa.Column("decision_factors", postgresql.JSONB(), nullable=False),
        sa.Column("customer_quote", sa.Text()),
        sa.Column("sales_notes", sa.Text()),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["deal_id"],
            ["deals.id"],
            name=op.f("fk_win_loss_records_deal_id_deals"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_win_loss_records")),
    )
    op.create_index(op.f("ix_win_loss_records_deal_id"), "win_loss_records", ["deal_id"])


def _create_battlecards() -> None:
    op.create_table(
        "battlecards",
        _id(),
        sa.Column("competitor", sa.String(200), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column(
            "last_updated",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_battlecards")),
        sa.UniqueConstraint("competitor", name=op.f("uq_battlecards_competitor")),
    )


def _create_generated_content() -> None:
    op.create_table(
        "generated_content",
        _id(),
        sa.Column("content_type", sa.String(50), nullable=False),
        sa.Column("title", sa.String(500)),
        sa.Column("content", sa.Text(), nullable=False),
        _extra_metadata(),
        sa.Column("quality_score", sa.Double()),
        sa.Column("review_status", sa.String(50), nullable=False),
        sa.Column("published", sa.Boolean(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("published_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_generated_content")),
    )


def _create_content_performance() -> None:
    op.create_table(
        "content_performance",
        _id(),
        sa.Column("content_id", sa.Uuid(), nullable=False),
        sa.Column("views", sa.Integer(), nullable=False),
        sa.Column("engagement_rate", sa.Double()),
        sa.Column("feedback_positive", sa.Integer(), nullable=False),
        sa.Column("feedback_negative", sa.Integer(), nullable=False),
        sa.Column("conversion_rate", sa.Double()),
        sa.Column(
            "last_updated",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["content_id"],
            ["generated_content.id"],
            name=op.f("fk_content_performance_content_id_generated_content"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_content_performance")),
    )
    op.create_index(
        op.f("ix_content_performance_content_id"), "content_performance", ["content_id"]
    )


def _create_improvement_insights() -> None:
    op.create_table(
        "improvement_insights",
        _id(),
        sa.Column("insight_type", sa.String(100), nullable=False),
        sa.Column("insight_description", sa.Text()),
        sa.Column("evidence", postgresql.JSONB(), nullable=False),
        sa.Column("recommended_action", sa.Text()),
        sa.Column("priority", sa.String(20)),
        sa.Column("status", sa.String(50), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_improvement_insights")),
    )


def _create_ab_test_experiments() -> None:
    op.create_table(
        "ab_test_experiments",
        _id(),
        sa.Column("test_id", sa.String(100), nullable=False),
        sa.Column("hypothesis", sa.Text()),
        sa.Column("variants", postgresql.JSONB(), nullable=False),
        sa.Column("traffic_split", postgresql.JSONB(), nullable=False),
        sa.Column("success_metric", sa.String(100)),
        sa.Column("status", sa.String(50), nullable=False),
        sa.Column("results", postgresql.JSONB(), nullable=False),
        sa.Column("winner", sa.String(50)),
        sa.Column("deployed_at", sa.DateTime(timezone=True)),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ab_test_experiments")),
        sa.UniqueConstraint("test_id", name=op.f("uq_ab_test_experiments_test_id")),
    )


def _create_prompt_versions() -> None:
    op.create_table(
        "prompt_versions",
        _id(),
        sa.Column("agent_name", sa.String(100), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("prompt_text", sa.Text(), nullable=False),
        sa.Column("performance_metrics", postgresql.JSONB(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prompt_versions")),
    )
