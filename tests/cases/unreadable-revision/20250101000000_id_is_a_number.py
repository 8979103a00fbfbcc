revision = 20250101000000  # expect: unreadable-revision
down_revision = None


def upgrade():
    pass


def downgrade():
    pass
