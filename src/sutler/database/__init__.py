"""PostgreSQL plumbing: the only room that opens connections.

Owns the event table, its followers and the migrations. `Database` gives `read()` and `write()` transactions; stores
run named statements on the `Tx` they are given; `notices` wake live pages and long polls. Nothing here knows what the
tables of other rooms mean.
"""

from sutler.database.errors import AlreadyExistsError, DatabaseBusyError, DatabaseUnreachableError, StillInUseError
from sutler.database.following import create_event_partitions, follow_once, list_history
from sutler.database.idempotent_calls import (
    Answer,
    Deed,
    EarlierCall,
    HeldCall,
    IdempotentCall,
    begin_call,
    delete_old_calls,
    forget_call,
    forget_unanswered_calls,
    keep_answer,
    renew_call,
    write_for,
)
from sutler.database.named_sql import Statement, Statements, load_statements
from sutler.database.notices import ENDING, Follower, NoticeBoard
from sutler.database.pool import Database, replayable
from sutler.database.rows import into, into_list, into_optional
from sutler.database.session import Session
from sutler.database.transaction import Actor, Row, Tx

__all__ = [
    "ENDING",
    "Actor",
    "AlreadyExistsError",
    "Answer",
    "Database",
    "DatabaseBusyError",
    "DatabaseUnreachableError",
    "Deed",
    "EarlierCall",
    "Follower",
    "HeldCall",
    "IdempotentCall",
    "NoticeBoard",
    "Row",
    "Session",
    "Statement",
    "Statements",
    "StillInUseError",
    "Tx",
    "begin_call",
    "create_event_partitions",
    "delete_old_calls",
    "follow_once",
    "forget_call",
    "forget_unanswered_calls",
    "into",
    "into_list",
    "into_optional",
    "keep_answer",
    "list_history",
    "load_statements",
    "renew_call",
    "replayable",
    "write_for",
]
