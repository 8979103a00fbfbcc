revision = "20250101000000"
down_revision = 1  # expect: unreadable-revision


def upgrade():
    pass


def downgrade():
    pass
