"""The file store: content is stored and synced first, then the row that names it is committed.

`sweep` removes content without a row after a grace period. A row is never committed before its content.
"""
