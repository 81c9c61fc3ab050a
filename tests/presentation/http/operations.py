"""The operations of the document, each with a request that it takes."""

import json
import random
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from app.asgi import create_app
from app.presentation.http.openapi import document
from app.settings import Settings

DESCRIBED: dict[str, Any] = json.loads(document(create_app(Settings.load({"APP_ENV": "test"}))))
PROBLEM = "application/problem+json"


def made_up_id() -> str:
    return str(UUID(int=random.getrandbits(128), version=4))


@dataclass(frozen=True)
class Operation:
    method: str
    path: str
    described: dict[str, Any]

    @property
    def public(self) -> bool:
        return {"bearer": []} not in self.described["security"] or {} in self.described["security"]

    @property
    def has_body(self) -> bool:
        return "requestBody" in self.described

    @property
    def body(self) -> Any:
        return self.described["requestBody"]["content"]["application/json"]["example"] if self.has_body else None

    @property
    def url(self) -> str:
        """The path for something that does not exist, with the parameters that must be there."""
        url = self.path
        needed = {
            parameter["name"]: parameter["example"]
            for parameter in self.described.get("parameters", ())
            if parameter.get("in") == "query" and parameter["required"]
        }
        for parameter in self.described.get("parameters", ()):
            if parameter.get("in") == "path":
                is_id = parameter["schema"].get("format") == "uuid"
                text = made_up_id() if is_id else "nothing"
                url = url.replace(f"{{{parameter['name']}}}", text)
        return f"{url}?{urlencode(needed)}" if needed else url

    def url_with(self, query: str) -> str:
        """The same, asked for something more."""
        return f"{self.url}{'&' if '?' in self.url else '?'}{query}"

    def refuses(self, status: int, code: str) -> bool:
        content = self.described["responses"].get(str(status), {}).get("content", {})
        return code in content.get(PROBLEM, {}).get("examples", {})


OPERATIONS = {
    described["operationId"]: Operation(method.upper(), path, described)
    for path, item in DESCRIBED["paths"].items()
    for method, described in item.items()
}
