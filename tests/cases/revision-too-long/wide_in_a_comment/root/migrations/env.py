# Column("version_num", String(128))
MODELS = Column("name", String(255))
