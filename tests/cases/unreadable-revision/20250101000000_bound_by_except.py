revision = "20250101000000"
down_revision = None
try:
    pass
except ValueError as revision:  # expect: unreadable-revision
    pass


def upgrade():
    pass


def downgrade():
    pass
