"""The OpenAPI document."""

from litestar import Litestar
from litestar.serialization import encode_json


def document(app: Litestar) -> bytes:
    """The application's OpenAPI 3.1 document, as JSON."""
    return encode_json(app.openapi_schema.to_schema())
