"""The OpenAPI 3.1 document: read off the routes, their Structs and the catalogue of refusals, never written twice."""

from app.presentation.http.openapi.document import DocumentPlugin, document, find_problem
from app.presentation.http.openapi.endpoints import READS_COOKIE, SETS_COOKIE, raises
from app.presentation.http.openapi.problems import meaning

__all__ = [
    "READS_COOKIE",
    "SETS_COOKIE",
    "DocumentPlugin",
    "document",
    "find_problem",
    "meaning",
    "raises",
]
