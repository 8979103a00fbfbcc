Customer = None
