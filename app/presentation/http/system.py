"""What machines ask: is it alive, is it ready, which keys, which figures, what does a problem mean."""

from enum import StrEnum
from typing import Annotated, Any, Literal

from litestar import Controller, Request, Response, get
from litestar.openapi.spec import Example
from litestar.params import PathParameter
from msgspec import Meta
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from app.application.schemas import View
from app.domain.errors import NotFound, Unavailable
from app.infrastructure.observability.health import Health
from app.infrastructure.security.tokens import AccessTokens
from app.presentation.http.guards import PUBLIC
from app.presentation.http.openapi import find_problem, meaning, raises
from app.presentation.http.problems import STATUS, TYPE_BASE


class ReadinessStatus(StrEnum):
    """Whether everything is there that is wanted."""

    READY = "ready"
    DEGRADED = "degraded"


class ServerStatus(StrEnum):
    """Whether a server that the service stands on answers."""

    UP = "up"
    DOWN = "down"


class Liveness(View, frozen=True):
    """The process answers."""

    status: Annotated[Literal["alive"], Meta(description="It answers, so it is alive.")]


class Readiness(View, frozen=True):
    """The service can do its work; without Redis it still does, under stricter limits on sign-in."""

    status: ReadinessStatus
    database: Annotated[Literal["up"], Meta(description="Without its database the service is not ready.")]
    redis: ServerStatus


class JWK(View, frozen=True):
    """A public key (RFC 7517)."""

    kty: Annotated[Literal["EC"], Meta(description="The key's type.")]
    crv: Annotated[Literal["P-256"], Meta(description="Its curve.")]
    x: Annotated[
        str,
        Meta(
            description="The point's x coordinate, base64url.", examples=["MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4"]
        ),
    ]
    y: Annotated[
        str,
        Meta(
            description="The point's y coordinate, base64url.", examples=["4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"]
        ),
    ]
    kid: Annotated[
        str, Meta(description="The key's id, which tokens name in their header.", examples=["Vn3fXk0mTq8yHs2L"])
    ]
    alg: Annotated[Literal["ES256"], Meta(description="The algorithm it is for.")]
    use: Annotated[Literal["sig"], Meta(description="It verifies signatures.")]


class JWKSet(View, frozen=True):
    """The keys that verify access tokens (RFC 7517)."""

    keys: Annotated[list[JWK], Meta(description="The present key, and those whose tokens have not all ended.")]


class ProblemMeaning(View, frozen=True):
    """What an error code stands for."""

    code: Annotated[
        str,
        Meta(
            description="The code.",
            examples=["not_found"],
            extra_json_schema={"$ref": "#/components/schemas/ProblemCode"},
        ),
    ]
    title: Annotated[str, Meta(description="The code in words, the same each time.", examples=["Not found"])]
    status: Annotated[int, Meta(ge=400, le=599, description="The HTTP status it comes with.", examples=[404])]
    meaning: Annotated[
        str,
        Meta(
            description="What has happened and what to do.",
            examples=["There is no such thing, or it is not the caller's to see; the two are not told apart."],
        ),
    ]
    example: Annotated[
        dict[str, Any],
        Meta(description="A problem with this code.", extra_json_schema={"$ref": "#/components/schemas/Problem"}),
    ]


class HealthController(Controller):
    """Health, for whoever keeps the service running."""

    path = "/health"
    tags = ["System"]

    @get("/live", operation_id="getLiveness", summary="Ask whether the process lives", opt=PUBLIC)
    async def get_liveness(self) -> Liveness:
        """Tell that the process answers, whatever else is down."""
        return Liveness("alive")

    @get(
        "/ready",
        operation_id="getReadiness",
        summary="Ask whether requests can be served",
        opt={**PUBLIC, **raises(Unavailable)},
    )
    async def get_readiness(self, request: Request[Any, Any, Any]) -> Readiness:
        """Tell whether requests can be served: 503 while the database is away or the process is stopping."""
        health: Health = request.app.state.health
        report = await health.report()
        if not report.database:
            raise Unavailable("The database is away", retry_after=1)
        if not report.redis:
            return Readiness(ReadinessStatus.DEGRADED, "up", ServerStatus.DOWN)
        return Readiness(ReadinessStatus.READY, "up", ServerStatus.UP)


class SystemController(Controller):
    """Keys, figures and the meaning of problems."""

    tags = ["System"]

    @get("/.well-known/jwks.json", operation_id="getJwks", summary="Get the key set", opt=PUBLIC)
    async def get_jwks(self, request: Request[Any, Any, Any]) -> JWKSet:
        """Publish the keys that verify access tokens."""
        tokens: AccessTokens = request.app.state.access_tokens
        keys = tokens.keys.current().published(tokens.clock.now())
        return JWKSet([JWK(**{name: key[name] for name in JWK.__struct_fields__}) for key in keys])

    @get("/metrics", operation_id="getMetrics", opt=PUBLIC, include_in_schema=False)
    async def get_metrics(self) -> Response[bytes]:
        """Publish this process's figures in Prometheus' text format."""
        return Response(generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    @get(TYPE_BASE + "{code:str}", operation_id="getProblem", summary="Explain an error code", opt=PUBLIC)
    async def get_problem(
        self,
        request: Request[Any, Any, Any],
        code: Annotated[
            str, PathParameter(description="The code of a problem.", examples=[Example(value="not_found")])
        ],
    ) -> ProblemMeaning:
        """Tell what an error code means."""
        found = find_problem(request.app, code)
        if found is None:
            raise NotFound
        refusal, example = found
        return ProblemMeaning(code, refusal.title, STATUS[refusal.kind].value, meaning(refusal), example)
