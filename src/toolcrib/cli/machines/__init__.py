"""Commands for machines: hosts of a pool, reserved for a time."""
