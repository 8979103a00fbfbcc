revision = "20250101000000"
down_revision = None
class Helper:
    revision = 3


def upgrade():
    pass


def downgrade():
    pass
