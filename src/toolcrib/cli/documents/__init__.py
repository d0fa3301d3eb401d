"""Commands for documents: `toolcrib docs`."""
