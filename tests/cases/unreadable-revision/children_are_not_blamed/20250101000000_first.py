revision = "20250101000000"
down_revision = None


def broken(:  # expect: unreadable-revision
    pass
