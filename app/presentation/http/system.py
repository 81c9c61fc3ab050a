"""What machines ask: is it alive, is it ready, which keys, which figures, what does a problem mean."""

import inspect
from typing import Annotated, Any, Literal

from litestar import Controller, Request, Response, get
from litestar.params import FromPath
from msgspec import Meta
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from app.application.schemas import View
from app.domain.errors import NotFound, Unavailable, catalogue
from app.infrastructure.observability.health import Health
from app.infrastructure.security.tokens import AccessTokens
from app.presentation.http.guards import PUBLIC
from app.presentation.http.problems import STATUS, TYPE_BASE


class Liveness(View, frozen=True):
    """The process answers."""

    status: Literal["alive"]


class Readiness(View, frozen=True):
    """The service can do its work; without Redis it still does, under stricter limits on sign-in."""

    status: Literal["ready", "degraded"]
    database: Literal["up"]
    redis: Literal["up", "down"]


class JWK(View, frozen=True):
    """A public key (RFC 7517)."""

    kty: Literal["EC"]
    crv: Literal["P-256"]
    x: Annotated[str, Meta(description="The point's x coordinate, base64url.")]
    y: Annotated[str, Meta(description="The point's y coordinate, base64url.")]
    kid: Annotated[str, Meta(description="The key's id, which tokens name in their header.")]
    alg: Literal["ES256"]
    use: Literal["sig"]


class JWKSet(View, frozen=True):
    """The keys that verify access tokens (RFC 7517)."""

    keys: list[JWK]


class ProblemMeaning(View, frozen=True):
    """What an error code stands for."""

    code: Annotated[str, Meta(description="The code.")]
    title: Annotated[str, Meta(description="The code in words, the same each time.")]
    status: Annotated[int, Meta(description="The HTTP status it comes with.")]
    meaning: Annotated[str, Meta(description="What has happened and what to do.")]


class HealthController(Controller):
    """Health, for whoever keeps the service running."""

    path = "/health"
    tags = ["System"]

    @get("/live", operation_id="getLiveness", opt=PUBLIC)
    async def get_liveness(self) -> Liveness:
        """Tell that the process answers, whatever else is down."""
        return Liveness("alive")

    @get("/ready", operation_id="getReadiness", opt=PUBLIC)
    async def get_readiness(self, request: Request[Any, Any, Any]) -> Readiness:
        """Tell whether requests can be served: 503 while the database is away or the process is stopping."""
        health: Health = request.app.state.health
        report = await health.report()
        if not report.database:
            raise Unavailable("The database is away", retry_after=1)
        return Readiness("ready" if report.redis else "degraded", "up", "up" if report.redis else "down")


class SystemController(Controller):
    """Keys, figures and the meaning of problems."""

    tags = ["System"]

    @get("/.well-known/jwks.json", operation_id="getJwks", opt=PUBLIC)
    async def get_jwks(self, request: Request[Any, Any, Any]) -> JWKSet:
        """Publish the keys that verify access tokens."""
        tokens: AccessTokens = request.app.state.access_tokens
        return JWKSet([JWK(**{name: key[name] for name in JWK.__struct_fields__}) for key in tokens.keyring().public])

    @get("/metrics", operation_id="getMetrics", opt=PUBLIC, include_in_schema=False)
    async def get_metrics(self) -> Response[bytes]:
        """Publish this process's figures in Prometheus' text format."""
        return Response(generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    @get(TYPE_BASE + "{code:str}", operation_id="getProblem", opt=PUBLIC)
    async def get_problem(self, code: FromPath[str]) -> ProblemMeaning:
        """Tell what an error code means."""
        for refusal in catalogue():
            if refusal.code == code:
                meaning = inspect.cleandoc(refusal.__doc__ or "")
                return ProblemMeaning(code, refusal.title, STATUS[refusal.kind].value, meaning)
        raise NotFound
