from case import Cases

cases = Cases()
