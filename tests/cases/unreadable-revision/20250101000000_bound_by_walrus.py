revision = "20250101000000"
down_revision = None
x = (revision := "z")  # expect: unreadable-revision


def upgrade():
    pass


def downgrade():
    pass
