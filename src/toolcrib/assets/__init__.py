"""Assets: an exclusive lock on a path of a project."""
