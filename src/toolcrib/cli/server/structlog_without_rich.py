"""structlog, imported without rich, in which it would show tracebacks: ours are plain, and rich takes 5 MB."""

import sys

if "structlog" not in sys.modules and "rich" not in sys.modules:
    sys.modules["rich"] = None  # type: ignore[assignment]  # "cannot be imported", which structlog allows for
    try:
        import structlog
    finally:
        del sys.modules["rich"]
else:
    import structlog

__all__ = ["structlog"]
