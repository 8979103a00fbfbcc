revision = "20250101000000"
down_revision = None
import revision.deeper  # expect: unreadable-revision


def upgrade():
    pass


def downgrade():
    pass
