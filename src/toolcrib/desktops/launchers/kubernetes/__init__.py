"""Desktops on a Kubernetes cluster."""
