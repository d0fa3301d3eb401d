"""`toolcrib parts`."""
