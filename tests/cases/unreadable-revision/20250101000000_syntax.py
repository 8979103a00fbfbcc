revision = "20250101000000"
down_revision = None
def upgrade(:  # expect: unreadable-revision
