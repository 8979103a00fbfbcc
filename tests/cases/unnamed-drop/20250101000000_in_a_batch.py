"""Case."""

from alembic import op

revision = "20250101000000"
down_revision = None


def upgrade() -> None:
    op.load_rows()


def downgrade() -> None:
    with op.batch_alter_table("invoices") as batch_op:
        batch_op.drop_constraint(None, type_="unique")  # expect: unnamed-drop
        batch_op.drop_index(batch_op.f(None))  # expect: unnamed-drop
