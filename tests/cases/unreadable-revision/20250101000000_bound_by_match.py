revision = "20250101000000"
down_revision = None
match x:
    case revision:  # expect: unreadable-revision
        pass


def upgrade():
    pass


def downgrade():
    pass
