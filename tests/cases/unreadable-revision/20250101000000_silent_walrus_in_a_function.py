revision = "20250101000000"
down_revision = None
def helper():
    return (revision := "z")


def upgrade():
    pass


def downgrade():
    pass
