TYPE = Column("version_num", String(36))
