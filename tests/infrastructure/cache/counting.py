from prometheus_client import REGISTRY

from app.domain.ports import Limit, Throttle

LOGIN = Limit("login", 10, 60)
LOGIN_HOUR = Limit("login_hour", 100, 3600)
API = Limit("api", 300, 60, strict=False)


async def allowed(throttle: Throttle, limit: Limit, times: int, key: str = "a") -> int:
    return sum([(await throttle.hit(limit, key)).allowed for _ in range(times)])


def fallbacks(limit: Limit) -> float:
    return REGISTRY.get_sample_value("evenstar_throttle_fallback_total", {"limit": limit.name}) or 0
