revision = "20250101000000"
down_revision = PREVIOUS  # expect: unreadable-revision


def upgrade():
    pass


def downgrade():
    pass
