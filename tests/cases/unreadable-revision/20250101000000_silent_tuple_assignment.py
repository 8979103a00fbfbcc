revision, down_revision = "20250101000000", None



def upgrade():
    pass


def downgrade():
    pass
