revision = "20250101000000"
down_revision = None


def helper():
    revision = compute()
    return revision


def upgrade():
    pass


def downgrade():
    pass
