"""A real PostgreSQL and a real Valkey from installed wheels, for a machine on which nothing is set up."""

from app.infrastructure.embedded.client import acquire, release
from app.infrastructure.embedded.layout import EmbeddedServers, EmbeddedServersError

__all__ = ["EmbeddedServers", "EmbeddedServersError", "acquire", "release"]
