revision = make_id()  # expect: unreadable-revision
down_revision = PREVIOUS  # expect: unreadable-revision


def upgrade():
    pass


def downgrade():
    pass
