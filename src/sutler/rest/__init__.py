"""The door for programs: our HTTP API under `/api/v1`, one file per room.

Translates a request into one operation and its result into a reply, and decides nothing. `create_router(services)`
gives all routes, `describe_api()` their OpenAPI description; `HotCalls` answers the calls of workers before any route
is asked. Everything needs a bearer token but what `security.OPEN_ROUTES` names; every request that fails is answered
with a problem document (`problems`).
"""

from sutler.rest.context import Services
from sutler.rest.hot import HotCalls
from sutler.rest.router import create_router, describe_api
from sutler.rest.security import OPEN_ROUTES

__all__ = ["OPEN_ROUTES", "HotCalls", "Services", "create_router", "describe_api"]
