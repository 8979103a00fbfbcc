context._version.c.version_num.type.length = WIDTH
