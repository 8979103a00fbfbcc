revision = "20250101" "000000"
down_revision = None


def upgrade():
    pass


def downgrade():
    pass
