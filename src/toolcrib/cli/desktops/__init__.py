"""Desktops from the command line."""
