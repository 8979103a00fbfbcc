revision = "20250101000000"
down_revision = None
depends_on = "20250102000000"  # expect: revision-cycle


def upgrade():
    op.create_table("t20250101000000")


def downgrade():
    op.drop_table("t20250101000000")
