"""Toolcrib: who holds what, until when."""
