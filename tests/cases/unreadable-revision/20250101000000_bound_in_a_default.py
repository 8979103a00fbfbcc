revision = "20250101000000"
down_revision = None
def helper(x=(revision := "z")):  # expect: unreadable-revision
    pass


def upgrade():
    pass


def downgrade():
    pass
