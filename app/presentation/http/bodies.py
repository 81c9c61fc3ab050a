"""Request bodies: one way in for all of them."""

from collections.abc import Generator
from functools import lru_cache
from typing import Any, ClassVar, Final, Generic, TypeVar, cast

from litestar.connection import ASGIConnection
from litestar.dto import AbstractDTO
from litestar.dto.data_structures import DTOFieldDefinition
from litestar.typing import FieldDefinition

from app.application.validation import convert
from app.domain.errors import MalformedRequest, ValidationFailed
from app.presentation.http.decoding import decode_json
from app.presentation.http.parameters import parameters_of

BODY_REMEMBERED: Final = 24
"""Bytes of a body that says no more than `{"status":"completed"}`, which comes again and again, word for word."""

T = TypeVar("T")


def read_body(schema: Any, connection: ASGIConnection[Any, Any, Any, Any], value: bytes) -> Any:
    """The body as the Struct; raises `MalformedRequest` and, with the faults of the parameters, `ValidationFailed`."""
    others = parameters_of(connection).issues
    try:
        converted = _remembered(schema, value) if len(value) <= BODY_REMEMBERED else convert(schema, decode_json(value))
    except ValidationFailed as refusal:
        raise ValidationFailed([*others, *refusal.issues]) from None
    if others:
        raise ValidationFailed(others)
    return converted


@lru_cache(256)
def _remembered(schema: Any, value: bytes) -> Any:
    """Such a body as the Struct, which nobody changes."""
    return convert(schema, decode_json(value))


class StructBody(AbstractDTO[T], Generic[T]):
    """Decodes a JSON body into the Struct that the handler names, strictly and with every fault at once.

    Litestar's own ways are lax ("1" is an int to them), stop at the first fault, and read any media type.
    """

    _schemas: ClassVar[dict[str, Any]] = {}

    def decode_bytes(self, value: bytes) -> Any:
        """The Struct; raises as `read_body` does."""
        connection = cast("ASGIConnection[Any, Any, Any, Any]", self.asgi_connection)
        return read_body(self._schemas[connection.route_handler.handler_id], connection, value)

    def decode_builtins(self, value: dict[str, Any]) -> Any:  # noqa: ARG002 -- Litestar's hook
        """Forms are never read."""
        raise MalformedRequest

    @classmethod
    def is_supported_model_type_field(cls, field_definition: FieldDefinition) -> bool:  # noqa: ARG003 -- Litestar's hook
        """Answers go out as they are; this is about what comes in."""
        return False

    @classmethod
    def create_for_field_definition(
        cls,
        field_definition: FieldDefinition,
        handler_id: str,
        backend_cls: Any = None,  # noqa: ARG003 -- Litestar's hook
    ) -> None:
        """Remember the handler's Struct."""
        cls._schemas[handler_id] = field_definition.annotation

    @classmethod
    def create_openapi_schema(
        cls,
        field_definition: FieldDefinition,
        handler_id: str,  # noqa: ARG003 -- Litestar's hook
        schema_creator: Any,
    ) -> Any:
        """Document the Struct itself."""
        return schema_creator.for_field_definition(field_definition)

    @classmethod
    def generate_field_definitions(cls, model_type: type[Any]) -> Generator[DTOFieldDefinition, None, None]:  # noqa: ARG003 -- Litestar's hook
        """There are none: the Struct is its own definition."""
        yield from ()

    @classmethod
    def detect_nested_field(cls, field_definition: FieldDefinition) -> bool:  # noqa: ARG003 -- Litestar's hook
        """No field is looked into."""
        return False
