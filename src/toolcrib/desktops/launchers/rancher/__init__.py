"""Desktops from a chart of a Rancher catalogue."""
