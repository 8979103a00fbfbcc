revision = "20250101000000"
down_revision = None
if True:
    def helper():
        revision = 1
        return revision


def upgrade():
    pass


def downgrade():
    pass
