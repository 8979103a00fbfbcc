revision = None  # expect: unreadable-revision
down_revision = None


def upgrade():
    pass


def downgrade():
    pass
