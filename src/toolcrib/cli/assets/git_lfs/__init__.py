"""Setting up and checking clones that use the stock git-lfs client."""
