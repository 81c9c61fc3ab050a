"""What is JSON already goes out as it is, whichever way the answer is built."""

from typing import Any

import pytest
from litestar import Litestar, Request
from litestar.testing import RequestFactory

from app.application.schemas import Encoded
from app.presentation.http.responses import RowResponse


@pytest.mark.parametrize("cookies", [{}, {"seen": "1"}])
def test_what_is_json_already_is_the_body_with_cookies_and_without(cookies: dict[str, str]) -> None:
    request: Request[Any, Any, Any] = RequestFactory(app=Litestar()).get("/")
    response = RowResponse(Encoded(b'{"items":[]}'), cookies=cookies)
    answer = response.to_asgi_response(None, request)
    assert answer.body == b'{"items":[]}'
    assert (b"content-type", b"application/json") in answer.encode_headers()
    assert any(name == b"set-cookie" for name, _ in answer.encode_headers()) is bool(cookies)
