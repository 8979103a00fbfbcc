revision = "x"
revision = "20250101000000"
down_revision = "y"
down_revision = None


def upgrade():
    pass


def downgrade():
    pass
