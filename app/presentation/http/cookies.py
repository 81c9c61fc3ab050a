"""Browser mode: the refresh token in a cookie that no script reads, and no other site can make use of."""

from typing import Any, Final

from litestar import Request, Response
from litestar.datastructures import Cookie
from msgspec import UNSET, structs

from app.application.accounts.schemas import RefreshRequest, TokenPair
from app.domain.accounts import REFRESH_TOKEN_LIFETIME, CrossSiteRequest, InvalidRefreshToken
from app.presentation.http.context import REFRESH_COOKIE
from app.presentation.http.responses import RowResponse

PATH: Final = "/api/auth/refresh"


def given_refresh_token(request: Request[Any, Any, Any], data: RefreshRequest) -> tuple[str, bool]:
    """The refresh token and whether a cookie held it; raises `InvalidRefreshToken`, `CrossSiteRequest`."""
    if data.refresh_token is not UNSET:
        return data.refresh_token, False
    token = request.cookies.get(REFRESH_COOKIE)
    # of two cookies one was set by another host of the domain, to have its own session taken for the user's
    if token is None or _times_sent(request) > 1:
        raise InvalidRefreshToken
    refuse_cross_site(request)
    return token, True


def _times_sent(request: Request[Any, Any, Any]) -> int:
    pairs = ";".join(request.headers.getall("cookie", [])).split(";")
    return sum(pair.partition("=")[0].strip() == REFRESH_COOKIE for pair in pairs)


def refuse_cross_site(request: Request[Any, Any, Any]) -> None:
    """Refuse what another site makes a browser send; raises `CrossSiteRequest`.

    A listed origin passes; else `Sec-Fetch-Site` decides where the browser sends it, and `Origin` where not.
    """
    origin = request.headers.get("origin")
    if origin is not None and origin in request.app.state.own_origins:
        return
    if origin is None and request.headers.get("sec-fetch-site") == "same-origin":
        return
    raise CrossSiteRequest


def with_cookie(pair: TokenPair) -> Response[TokenPair]:
    """The answer with its refresh token moved from the body into the cookie."""
    return RowResponse(
        structs.replace(pair, refresh_token=None),
        cookies=[_cookie(pair.refresh_token or "", int(REFRESH_TOKEN_LIFETIME.total_seconds()))],
    )


def without_cookie() -> Response[None]:
    """An empty answer that makes the browser forget the cookie."""
    return RowResponse(None, cookies=[_cookie("", 0)])


def _cookie(value: str, max_age: int) -> Cookie:
    return Cookie(
        key=REFRESH_COOKIE, value=value, path=PATH, max_age=max_age, secure=True, httponly=True, samesite="strict"
    )
