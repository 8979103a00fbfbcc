revision = "20250101000000"
down_revision = ()


def upgrade():
    pass


def downgrade():
    pass
