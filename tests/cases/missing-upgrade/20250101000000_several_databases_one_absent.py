"""Case."""  # expect: missing-upgrade

from alembic import op

revision = "20250101000000"
down_revision = None


def upgrade(engine_name: str) -> None:
    globals()[f"upgrade_{engine_name}"]()


def downgrade(engine_name: str) -> None:
    globals()["downgrade_%s" % engine_name]()


def upgrade_one() -> None:
    op.create_table("invoices")


def downgrade_one() -> None:
    op.drop_table("invoices")


def downgrade_two() -> None:
    op.drop_table("invoices")
