revision = "20250102000000"
down_revision = "20250101000000"
depends_on = "trunk"


def upgrade():
    op.create_table("t20250102000000")


def downgrade():
    op.drop_table("t20250102000000")
