"""Real servers for tests: private copies on free ports, in folders of their own, gone when the tests end."""
