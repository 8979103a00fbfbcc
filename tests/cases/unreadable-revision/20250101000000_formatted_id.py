revision = f"{1}"  # expect: unreadable-revision
down_revision = None


def upgrade():
    pass


def downgrade():
    pass
