"""The OpenAPI 3.1 document: read off the routes, their Structs and the catalogue of refusals, never written twice."""

from app.presentation.http.openapi.document import DocumentPlugin, document, find_problem_example
from app.presentation.http.openapi.endpoints import READS_COOKIE, SETS_COOKIE, raises
from app.presentation.http.openapi.problems import all_refusals, meaning

__all__ = [
    "READS_COOKIE",
    "SETS_COOKIE",
    "DocumentPlugin",
    "all_refusals",
    "document",
    "find_problem_example",
    "meaning",
    "raises",
]
