revision = "20250101000000"
down_revision = None


def upgrade():
    op.create_table("t20250101000000")


def downgrade():
    op.drop_table("t20250101000000")
