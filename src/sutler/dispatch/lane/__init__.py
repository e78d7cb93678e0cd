"""The hot path: concurrent calls of workers are served together, by one transaction for many.

`calls` says what waits, `queue` who is served when, `round` how a round of calls is served; `front` is what doors see.
"""

from sutler.dispatch.lane.front import Lane

__all__ = ["Lane"]
