"""Files: bytes are stored and synced first, then the row that names them is committed.

Bytes without a row are garbage that `sweep` removes after a grace period; a row without its bytes is
impossible.
"""
