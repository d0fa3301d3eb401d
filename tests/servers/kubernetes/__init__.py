"""A Kubernetes API server for tests, and what else makes a cluster."""
