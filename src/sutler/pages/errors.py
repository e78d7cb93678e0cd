"""Errors of this door: what is wrong with a request before any room is asked."""

from __future__ import annotations

from sutler.base.errors import NotAuthenticatedError, NotFoundError, NotPermittedError, TooMuchError


class SignInNeededError(NotAuthenticatedError):
    """Sign in to see this page."""

    code = "pages.sign_in_needed"


class ForeignFormError(NotPermittedError):
    """This form does not come from a page of your present session. Go back, load the page again and repeat it."""

    code = "pages.foreign_form"


class NoSuchPageError(NotFoundError):
    """There is no page at this address."""

    code = "pages.no_such_page"


class TooManyWatchersError(TooMuchError):
    """Too many pages follow live changes at once. Close some, or use the refresh link."""

    code = "pages.too_many_watchers"
