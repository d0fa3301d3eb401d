"""Commands that belong to no kind: signing in, API keys, events, and who holds what."""
