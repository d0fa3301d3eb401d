"""httpx, imported without its own command line, which takes longer to import than all the rest of it."""

import sys

if "httpx" not in sys.modules:
    sys.modules["httpx._main"] = None  # type: ignore[assignment]  # "cannot be imported", which httpx allows for
    import httpx

    del sys.modules["httpx._main"]
else:
    import httpx

__all__ = ["httpx"]
