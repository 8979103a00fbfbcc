down_revision = None  # expect: unreadable-revision


def upgrade():
    pass


def downgrade():
    pass
