"""A soak: mixed work while random faults happen, and then a look for what was promised and is not there."""
