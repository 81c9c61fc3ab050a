"""Builds and runs the Containerfile on Linux's own namespaces, where there is no container engine."""
