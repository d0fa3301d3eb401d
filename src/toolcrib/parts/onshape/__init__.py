"""Drawings from Onshape (parts contract, section 9): people connect their account there, drawings come as PDF."""
