import gzip
import hashlib
import re
from collections.abc import AsyncIterator
from importlib.resources import files
from typing import Annotated, Any

import httpx
import msgspec
import pytest
from litestar import Litestar, MediaType, Request, Response, get, post
from litestar.exceptions import HTTPException
from litestar.openapi.spec import Components, SecurityScheme
from litestar.params import JSONBody
from litestar.routes import HTTPRoute
from msgspec import Meta, Struct

from app.presentation.http import docs
from app.presentation.http.problems import on_http_exception

pytestmark = pytest.mark.anyio

TOKEN = "a-token-typed-in"
ASSETS = files("app.presentation.http") / "assets"


class WishCreate(Struct, forbid_unknown_fields=True, rename="camel"):
    title: Annotated[str, Meta(min_length=1, max_length=500, description="What it is called.")]
    due_at: Annotated[str | None, Meta(description="When it is due.")] = None


@get("/api/wishes", tags=["wishes"], summary="List wishes", operation_id="listWishes")
async def list_wishes(request: Request[Any, Any, Any]) -> dict[str, str]:
    return {"presented": request.headers.get("authorization", "nothing")}


@post("/api/wishes", tags=["wishes"], summary="Create a wish", operation_id="createWish")
async def create_wish(data: JSONBody[WishCreate]) -> dict[str, str]:
    return {"created": data.title}


@get("/outside", media_type=MediaType.HTML)
async def show_page_that_reaches_outside() -> Response[str]:
    page = '<script>document.title = "ran"</script><img src="http://192.0.2.1/a.png">'
    return Response(page, headers={"Content-Security-Policy": "default-src 'self'; img-src *"})


def describe(app: Litestar) -> bytes:
    """The document as the application has it, with a mark of ours."""
    return msgspec.json.encode({**app.openapi_schema.to_schema(), "x-made-by": "tests"})


def make_app(title: str = "Evenstar", document: docs.Document = describe) -> Litestar:
    config = docs.openapi_config(title=title, version="0.1.0", document=document)
    bearer = SecurityScheme(type="http", scheme="bearer", bearer_format="JWT")
    config.components = Components(security_schemes={"bearer": bearer})
    config.security = [{"bearer": []}]
    return Litestar(
        [list_wishes, create_wish, show_page_that_reaches_outside],
        exception_handlers={HTTPException: on_http_exception},
        openapi_config=config,
    )


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with connect(make_app()) as client:
        yield client


def connect(app: Litestar) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app)  # pyright: ignore[reportArgumentType] -- two spellings of ASGI
    return httpx.AsyncClient(transport=transport, base_url="http://docs.test")


async def find_urls(client: httpx.AsyncClient) -> list[str]:
    page = (await client.get("/docs")).text
    return re.findall(r'(?:src|href)="([^"]*)"', page)


async def find_url(client: httpx.AsyncClient, name: str) -> str:
    return next(url for url in await find_urls(client) if url.endswith(name))


async def test_the_page_names_addresses_of_its_own_origin_alone(client: httpx.AsyncClient) -> None:
    urls = await find_urls(client)

    assert len(urls) == 6
    assert all(re.match(r"/docs/[^/]", url) for url in urls)
    for url in urls:
        assert (await client.get(url)).status_code == 200


async def test_the_page_allows_itself_nothing_inline_and_no_other_host(client: httpx.AsyncClient) -> None:
    response = await client.get("/docs")

    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.headers["cache-control"] == "no-cache"
    policy = dict(part.split(maxsplit=1) for part in response.headers["content-security-policy"].split("; "))
    assert policy == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "connect-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    assert not re.search(r"<script[^>]*>[^<]|<style|\son\w+=|\sstyle=", response.text)


async def test_a_title_cannot_break_out_of_the_page() -> None:
    async with connect(make_app(title="</title><script>alert(1)</script>$script")) as client:
        page = (await client.get("/docs")).text

    assert "<script>alert" not in page
    assert "&lt;/title&gt;&lt;script&gt;alert(1)&lt;/script&gt;$script API reference</title>" in page


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("swagger-ui-bundle.js", "text/javascript; charset=utf-8"),
        ("swagger-ui.css", "text/css; charset=utf-8"),
        ("reference.js", "text/javascript; charset=utf-8"),
        ("reference.css", "text/css; charset=utf-8"),
        ("reference.svg", "image/svg+xml"),
    ],
)
async def test_a_file_is_kept_for_a_year_under_an_address_of_its_content(
    client: httpx.AsyncClient, name: str, media_type: str
) -> None:
    url = await find_url(client, name)
    response = await client.get(url)
    again = await client.get(url, headers={"If-None-Match": f'"other", W/{response.headers["etag"]}'})
    changed = await client.get(url, headers={"If-None-Match": '"other"'})

    assert response.headers["content-type"] == media_type
    assert response.headers["vary"] == "Accept-Encoding, Origin"
    assert response.headers["cache-control"] == "max-age=31536000, public, immutable"
    assert re.fullmatch(r'"[0-9a-f]{32}"', response.headers["etag"])
    assert (again.status_code, again.content) == (304, b"")
    for header in ("etag", "cache-control", "vary"):
        assert again.headers[header] == response.headers[header]
    assert (changed.status_code, changed.content) == (200, response.content)


@pytest.mark.parametrize("accepted", ["", "identity", "br", "gzip;q=0", "gzip; q=0.0", "br;q=1.0, *;q=0.5"])
async def test_a_file_is_sent_plain_to_those_who_do_not_take_gzip(client: httpx.AsyncClient, accepted: str) -> None:
    url = await find_url(client, "swagger-ui.css")
    packed = await client.get(url, headers={"Accept-Encoding": "br, GZIP;q=0.8"})
    plain = await client.get(url, headers={"Accept-Encoding": accepted})

    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert plain.content == packed.content
    assert plain.headers["etag"] != packed.headers["etag"]
    assert int(plain.headers["content-length"]) > int(packed.headers["content-length"])


@pytest.mark.parametrize(
    "path",
    [
        "/docs/nothing",
        "/docs/openapi.yaml",
        "/docs/reference.html",
        "/docs/assets",
        "/docs/assets/reference.js",
        "/docs/assets/0000000000000000/reference.js",
        "/docs/assets/{version}/docs.py",
        "/docs/assets/{version}/../reference.html",
        "/docs/assets/{version}/..%2freference.html",
        "/docs/assets/{version}/%2e%2e%2f%2e%2e%2fdocs.py",
        "/docs/assets/{version}/..%5cdocs.py",
        "/docs/assets/{version}/reference.js%00",
        "/docs/assets/../docs.py",
        "/docs/assets/..%2f..%2fdocs.py",
        "/docs/assets/%2fetc/passwd",
        "/docs/assets/%ff/reference.js",
    ],
)
async def test_any_other_address_is_not_found(client: httpx.AsyncClient, path: str) -> None:
    version = (await find_url(client, "reference.js")).split("/")[3]
    target = httpx.URL("http://docs.test", raw_path=path.format(version=version).encode())
    response = await client.get(target)

    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["code"] == "not_found"


async def test_the_document_is_what_the_given_function_makes_and_is_made_once() -> None:
    made: list[Litestar] = []

    def document(app: Litestar) -> bytes:
        made.append(app)
        return b'{"openapi": "3.1.0", "of": "our making"}'

    app = make_app(document=document)
    async with connect(app) as client:
        first = await client.get("/docs/openapi.json")
        second = await client.get("/docs/openapi.json", headers={"If-None-Match": first.headers["etag"]})

    assert first.content == b'{"openapi": "3.1.0", "of": "our making"}'
    assert first.headers["content-type"] == "application/json"
    assert first.headers["cache-control"] == "no-cache"
    assert second.status_code == 304
    assert made == [app]


async def test_the_docs_are_public_and_not_in_their_own_document(client: httpx.AsyncClient) -> None:
    described = (await client.get("/docs/openapi.json")).json()
    handlers = [
        handler
        for route in make_app().routes
        if isinstance(route, HTTPRoute) and route.path.startswith("/docs")
        for handler in route.route_handlers
        if "GET" in handler.http_methods
    ]

    assert len(handlers) == 4
    assert all(handler.opt["public"] and handler.opt["exclude_from_auth"] for handler in handlers)
    assert not [path for path in described["paths"] if path.startswith("/docs")]
    assert described["info"] == {"title": "Evenstar", "version": "0.1.0"}


async def test_the_vendored_files_are_the_ones_that_were_published() -> None:
    (folder,) = (entry for entry in ASSETS.iterdir() if entry.name.startswith("swagger-ui-"))
    manifest = msgspec.json.decode((folder / "manifest.json").read_bytes())
    contents = {
        entry.name.removesuffix(".gz"): gzip.decompress(entry.read_bytes())
        if entry.name.endswith(".gz")
        else entry.read_bytes()
        for entry in folder.iterdir()
        if entry.name != "manifest.json"
    }

    assert folder.name == f"swagger-ui-{manifest['version']}"
    assert manifest["licence"] == "Apache-2.0"
    assert b"Apache License" in contents["LICENSE"]
    assert {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()} == manifest["sha256"]
