revision: str = "20250101000000"
down_revision: str | None = None


def upgrade():
    pass


def downgrade():
    pass
