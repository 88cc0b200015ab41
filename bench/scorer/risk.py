def measure(*_):
    return []
