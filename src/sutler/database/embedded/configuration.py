"""The settings that the embedded server runs with, sized for the machine."""

from __future__ import annotations

from pathlib import Path

import psutil

FILE_NAME = "sutler.conf"
MEBIBYTE = 1024 * 1024
CONTAINER_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))

HEADER = """\
# Written by Sutler at each start: changes here are lost.
# Settings of your own: ALTER SYSTEM SET ..., which wins over this file.
"""

SETTINGS = {
    "listen_addresses": "''",
    "port": "5432",
    # Relative to the cluster: short, and reachable for a service account that may not enter the directories above.
    "unix_socket_directories": "'.'",
    "unix_socket_permissions": "0700",
    "cluster_name": "'sutler'",
    "max_connections": "100",
    "max_wal_size": "'4GB'",
    "min_wal_size": "'256MB'",
    "checkpoint_timeout": "'15min'",
    "wal_compression": "pglz",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "'UTC'",
    "log_timezone": "'UTC'",
    "log_destination": "stderr",
    "logging_collector": "off",
    "log_line_prefix": "'%m [%p] '",
    "lc_messages": "'C'",
}


def render_configuration(*, durable: bool, memory_bytes: int) -> str:
    """Return the text of `sutler.conf`. Not durable means: a crash of the machine may cost all data."""
    switch = "on" if durable else "off"
    settings = SETTINGS | {
        "shared_buffers": f"'{min(max(memory_bytes // 4 // MEBIBYTE, 128), 1024)}MB'",
        "effective_cache_size": f"'{max(memory_bytes // 2 // MEBIBYTE, 256)}MB'",
        "fsync": switch,
        "synchronous_commit": switch,
        "full_page_writes": switch,
    }
    return HEADER + "".join(f"{name} = {value}\n" for name, value in settings.items())


def measure_memory() -> int:
    """Return the bytes of memory that we may use: the machine's, or fewer where a container is limited."""
    total = int(psutil.virtual_memory().total)
    for path in CONTAINER_LIMITS:
        try:
            limit = path.read_text(encoding="ascii").strip()
        except OSError:
            continue
        if limit.isdigit():
            total = min(total, int(limit))
    return total
