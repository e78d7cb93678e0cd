"""`GET /health`: open to everybody, says whether the server can work."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from sutler import __version__
from sutler.base.errors import SutlerError
from sutler.database import Database
from sutler.database.migrate import get_status
from sutler.loops import Loops


def create_health(db: Database, loops: Loops | None) -> APIRouter:
    """Make the route."""
    router = APIRouter()

    @router.get("/health", include_in_schema=False)
    async def health() -> JSONResponse:
        try:
            status = await get_status(db)
        except SutlerError as error:  # the database is away, or was upgraded past this version
            return JSONResponse({"status": "unavailable", "reason": error.sentence}, status_code=503)
        failing = [] if loops is None else [h.name for h in loops.health.values() if h.failure_count]
        return JSONResponse(
            {
                "status": "ok",
                "version": __version__,
                "pending_migrations": list(status.pending),
                "is_leader": loops is not None and loops.is_leader,
                "failing_loops": failing,
            }
        )

    return router
