"""Who uses a login setup or a job type: one page of the list, and where the next one is."""

from __future__ import annotations

from dataclasses import dataclass

from sutler.campaigns import TemplateUse
from sutler.database.listing import Page

USERS_PER_PAGE = 50


@dataclass(frozen=True)
class UserList:
    """One page of what uses a template. `path` is where the template is; `is_first` says that nothing is before it."""

    page: Page[TemplateUse]
    path: str
    is_first: bool

    @property
    def uses(self) -> tuple[TemplateUse, ...]:
        """The campaigns and stages of this page."""
        return self.page.items

    @property
    def stages(self) -> tuple[TemplateUse, ...]:
        """The stages of this page that can switch to another template."""
        return tuple(use for use in self.page.items if use.stage_id is not None)


NO_USERS = UserList(Page((), None), "", is_first=True)
"""What a template has that is not made yet."""
