revision = "20250101000000"  # expect: unreadable-revision


def upgrade():
    pass


def downgrade():
    pass
