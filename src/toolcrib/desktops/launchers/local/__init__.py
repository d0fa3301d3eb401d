"""Desktops on the server's own computer, each in a sandbox with a window server of its own."""
