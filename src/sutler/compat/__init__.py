"""The door for clients that were written for Data Dispatcher and for MetaCat.

`create_routes(services)` gives the routes below `/dd`, `/metacat` and `/auth`, with or without an experiment as the
next word of the address; `HotCalls` answers the calls of workers before any route is asked. A call becomes one
operation, its result the JSON that the old clients know; nothing is decided here. The quirks of the protocols are kept
where a client depends on them: success is 200, booleans are `yes` and `no`, an error is a plain sentence, JSON is
`text/json` and `next_file` never answers passing trouble with an error. What the MetaCat protocol has of its own is in
`sutler.compat.metacat`.
"""

from sutler.compat.app import create_routes
from sutler.compat.hot import HotCalls

__all__ = ["HotCalls", "create_routes"]
