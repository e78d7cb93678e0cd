"""Server-rendered pages: a door. It turns a request into one operation and the result into HTML, and decides nothing.

`create_pages(services, api_description=…)` gives the routes, `mount_static(app)` the style sheet and scripts, and
`create_error_pages(services)` the answer for addresses that no route knows. Who looks is told by the cookie
`sutler_session`; every form carries a token that is bound to it. Each page renders one view dataclass; partials
(`templates/_….html`) are what the full page includes and what the browser asks for again when `GET /live` says that
something changed. Nothing is changed by a GET.
"""

from sutler.pages.app import create_error_pages, create_pages, mount_static
from sutler.pages.services import Services

__all__ = ["Services", "create_error_pages", "create_pages", "mount_static"]
