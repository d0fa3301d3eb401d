"""The platforms that desktops run on: `launcher.py` is all that the rest of this kind knows of them."""
