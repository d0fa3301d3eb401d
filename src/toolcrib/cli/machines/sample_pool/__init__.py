"""A pool of local SSH hosts to try things with: `toolcrib machines sample-pool`."""
