"""Authentication system

Revision ID: 20251116120000
Revises: 20251116000000
Create Date: 2025-11-16 12:00:00

"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "20251116120000"
down_revision: str | None = "20251116000000"
branch_labels: str | None = None
depends_on: str | None = None

_USER_ROLE = postgresql.ENUM(
    "admin", "manager", "agent", "viewer", name="user_role", create_type=False
)


def upgrade() -> None:
    """Create the tables and all that belongs to them."""
    _USER_ROLE.create(op.get_bind(), checkfirst=False)
    _create_users()
    _create_api_keys()
    _keep_updated_at()


def downgrade() -> None:
    """Drop all that the upgrade created, newest first."""
    op.execute("DROP TRIGGER set_updated_at ON api_keys")
    op.execute("DROP TRIGGER set_updated_at ON users")
    op.execute("DROP FUNCTION set_updated_at()")
    op.drop_table("api_keys")
    op.drop_table("users")
    _USER_ROLE.drop(op.get_bind(), checkfirst=False)


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
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("created_by", sa.Uuid()),
        sa.Column("updated_by", sa.Uuid()),
        sa.Column("deleted_at", sa.DateTime(timezone=True)),
        sa.Column("deleted_by", sa.Uuid()),
    ]


def _create_users() -> None:
    op.create_table(
        "users",
        _id(),
        sa.Column("email", sa.String(255), nullable=False),
        sa.Column("password_hash", sa.String(255)),
        sa.Column("full_name", sa.String(255), nullable=False),
        sa.Column("organization", sa.String(255)),
        sa.Column("role", _USER_ROLE, nullable=False),
        sa.Column("scopes", sa.String(1000)),
        sa.Column("status", sa.String(50), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("is_verified", sa.Boolean(), nullable=False),
        sa.Column("oauth_provider", sa.String(50)),
        sa.Column("oauth_id", sa.String(255)),
        sa.Column("email_verification_token", sa.String(255)),
        sa.Column("email_verified_at", sa.DateTime(timezone=True)),
        sa.Column("password_reset_token", sa.String(255)),
        sa.Column("password_reset_expires_at", sa.DateTime(timezone=True)),
        sa.Column("last_login_at", sa.DateTime(timezone=True)),
        sa.Column("last_login_ip", sa.String(50)),
        *_audit_columns(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("email", name=op.f("uq_users_email")),
    )


def _create_api_keys() -> None:
    op.create_table(
        "api_keys",
        _id(),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("key_prefix", sa.String(20), nullable=False),
        sa.Column("key_hash", sa.String(255), nullable=False),
        sa.Column("scopes", sa.String(1000)),
        sa.Column("expires_at", sa.DateTime(timezone=True)),
        sa.Column("last_used_at", sa.DateTime(timezone=True)),
        sa.Column("last_used_ip", sa.String(50)),
        sa.Column("usage_count", sa.Integer(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("description", sa.Text()),
        *_audit_columns(),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_api_keys_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("key_prefix", name=op.f("uq_api_keys_key_prefix")),
    )
    op.create_index(op.f("ix_api_keys_user_id"), "api_keys", ["user_id"])


def _keep_updated_at() -> None:
    op.execute(
        """
        CREATE FUNCTION set_updated_at() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            NEW.updated_at = now();
            RETURN NEW;
        END
        $$
        """
    )
    op.execute(
        """
        CREATE TRIGGER set_updated_at BEFORE UPDATE ON users
        FOR EACH ROW EXECUTE FUNCTION set_updated_at()
        """
    )
    op.execute(
        """
        CREATE TRIGGER set_updated_at BEFORE UPDATE ON api_keys
        FOR EACH ROW EXECUTE FUNCTION set_updated_at()
        """
    )
