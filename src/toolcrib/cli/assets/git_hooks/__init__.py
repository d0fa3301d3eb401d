"""Git hooks that refuse to change what somebody else holds."""
