"""What every page family works with: the services, the templates, and how a page is shown."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse

from sutler.auth import Principal
from sutler.pages import session
from sutler.pages.rendering import Renderer
from sutler.pages.services import Services


@dataclass(frozen=True)
class Door:
    """Made once; each page family gets it."""

    services: Services
    renderer: Renderer

    async def admit(self, request: Request) -> session.Visit:
        """Return who is looking. Raises NotAuthenticatedError when nobody is signed in."""
        return await session.admit(self.services, request)

    def show(
        self,
        request: Request,
        template: str,
        view: object,
        *,
        visit: session.Visit | None = None,
        who: Principal | None = None,
        csrf: str | None = None,
        status: int = 200,
    ) -> HTMLResponse:
        """Return a page for somebody who is signed in (`visit`), or may not be (`who`)."""
        secret = session.find_secret(request)
        return self.renderer.render(
            template,
            view,
            who=visit.who if visit else who,
            csrf=csrf if csrf is not None else session.make_form_token(secret) if secret else "",
            now=self.services.db.clock.now(),
            root=session.find_root(request),
            status=status,
        )

    def send_to(self, request: Request, path: str) -> RedirectResponse:
        """Lead to another page of the installation after a change."""
        return RedirectResponse(session.find_root(request) + path, 303)
