"""Templates and the headers that every page carries."""

from __future__ import annotations

import hashlib
from datetime import datetime
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

from sutler.auth import Principal
from sutler.pages import formats

FOLDER = Path(__file__).parent
STATIC = FOLDER / "static"
CONTENT_POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)


class Renderer:
    """Turns a template and its view into a page. Made once: it reads the templates and marks the static files."""

    def __init__(self) -> None:
        self._environment = Environment(
            loader=FileSystemLoader(FOLDER / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals["marks"] = {
            path.relative_to(STATIC).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()[:10]
            for path in STATIC.rglob("*")
            if path.suffix in {".css", ".js", ".svg"}
        }
        self._environment.globals["measure"] = formats.format_measure
        self._environment.filters |= {
            "size": formats.format_size,
            "count": formats.format_count,
            "duration": formats.format_duration,
            "utc": formats.format_utc,
            "instant": formats.format_instant,
            "state_word": formats.format_state,
            "ending": formats.format_ending,
            "value": formats.format_value,
            "command": formats.format_command,
            "file_path": formats.make_file_path,
            "dataset_path": formats.make_dataset_path,
        }

    @property
    def environment(self) -> Environment:
        """The templates, for the test that compares them with their views."""
        return self._environment

    def render(
        self,
        template: str,
        view: object,
        *,
        who: Principal | None,
        csrf: str,
        now: datetime,
        root: str,
        status: int = 200,
    ) -> HTMLResponse:
        """Return the page. `root` is the path that the installation lives below, empty mostly."""
        text = self._environment.get_template(template).render(view=view, who=who, csrf=csrf, now=now, root=root)
        return HTMLResponse(text, status)


def protect(reply: Response) -> Response:
    """Set the headers that every answer of this door carries, and return it."""
    reply.headers.setdefault("Content-Security-Policy", CONTENT_POLICY)
    reply.headers.setdefault("Cache-Control", "no-store")
    reply.headers["X-Content-Type-Options"] = "nosniff"
    reply.headers["Referrer-Policy"] = "same-origin"
    return reply
