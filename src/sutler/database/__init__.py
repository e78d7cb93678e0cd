"""PostgreSQL plumbing: the only room that opens connections.

Owns the event table, its followers and the migrations. `Database` gives `read()` and `write()` transactions; stores
run named statements on the `Tx` they are given; `notices` wake live pages and long polls. Nothing here knows what the
tables of other rooms mean.
"""

from sutler.database.errors import AlreadyExistsError, StillInUseError
from sutler.database.following import create_event_partitions, follow_once, list_history
from sutler.database.named_sql import Statement, Statements, load_statements
from sutler.database.notices import Follower, NoticeBoard
from sutler.database.pool import Database, replayable
from sutler.database.rows import into, into_list, into_optional
from sutler.database.transaction import Actor, Row, Tx

__all__ = [
    "Actor",
    "AlreadyExistsError",
    "Database",
    "Follower",
    "NoticeBoard",
    "Row",
    "Statement",
    "Statements",
    "StillInUseError",
    "Tx",
    "create_event_partitions",
    "follow_once",
    "into",
    "into_list",
    "into_optional",
    "list_history",
    "load_statements",
    "replayable",
]
