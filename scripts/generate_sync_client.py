"""Write src/sutler/client/_sync from src/sutler/client/_async. With --check: say what differs, write nothing.

The source is the asyncio client; the plain one is the same text without `async` and `await`.
"""

from __future__ import annotations

import io
import re
import subprocess
import sys
import tokenize
from pathlib import Path

CLIENT = Path(__file__).resolve().parent.parent / "src" / "sutler" / "client"
SOURCE, TARGET = CLIENT / "_async", CLIENT / "_sync"
MARK = "# Written by scripts/generate_sync_client.py from the file of the same name in _async.\n"

NAMES = {
    "__aenter__": "__enter__",
    "__aexit__": "__exit__",
    "aclose": "close",
    "aiter_bytes": "iter_bytes",
    "aiter_lines": "iter_lines",
    "aread": "read",
    "asyncio": "time",
    "_async": "_sync",
}
PHRASES = {"The client for asyncio": "The client", "`aclose`": "`close`"}
RUFF = [sys.executable, "-m", "ruff"]


def main(arguments: list[str]) -> int:
    """Write the client, or check it; the exit code is 1 if it was out of date."""
    wanted = {path.name: generate(path.read_text(encoding="utf-8")) for path in sorted(SOURCE.glob("*.py"))}
    if arguments == ["--check"]:
        return report_differences(wanted)
    TARGET.mkdir(exist_ok=True)
    for path in TARGET.glob("*.py"):
        path.unlink()
    for name, text in wanted.items():
        (TARGET / name).write_text(text, encoding="utf-8")
    print(f"Wrote {len(wanted)} files to {TARGET}.")
    return 0


def report_differences(wanted: dict[str, str]) -> int:
    """Print what is out of date."""
    present = {path.name: path.read_text(encoding="utf-8") for path in TARGET.glob("*.py")}
    different = sorted(name for name in wanted.keys() | present.keys() if wanted.get(name) != present.get(name))
    for name in different:
        print(f"{TARGET / name} is out of date: run scripts/generate_sync_client.py")
    return 1 if different else 0


def generate(text: str) -> str:
    """Return the plain text of an asyncio module."""
    for phrase, plain in PHRASES.items():
        text = text.replace(phrase, plain)
    text = re.sub(r"Awaitable\[((?:[^\[\]]|\[[^\[\]]*\])*)\]", r"\1", drop_async(text))
    return tidy(MARK + text)


def drop_async(text: str) -> str:
    """Drop the two words and rename what has another name without them."""
    lines = text.splitlines(keepends=True)
    for token in reversed(list(tokenize.generate_tokens(io.StringIO(text).readline))):
        if token.type != tokenize.NAME:
            continue
        (row, start), (_, end) = token.start, token.end
        line = lines[row - 1]
        if token.string in {"async", "await"}:
            lines[row - 1] = line[:start] + line[end + 1 :]
        else:
            lines[row - 1] = line[:start] + rename(token.string) + line[end:]
    return "".join(lines)


def rename(name: str) -> str:
    """Return the plain name of something: `AsyncClient` is `Client`, `aclose` is `close`."""
    return NAMES.get(name) or re.sub(r"^Async(?=[A-Z])", "", name)


def tidy(text: str) -> str:
    """Drop imports that are not needed any more, sort the others, and format."""
    checked = run(
        [
            *RUFF,
            "check",
            "--quiet",
            "--fix",
            "--unsafe-fixes",
            "--select",
            "F401,I001,UP028",
            "--stdin-filename",
            "x.py",
            "-",
        ],
        text,
    )
    return run([*RUFF, "format", "--quiet", "--stdin-filename", "x.py", "-"], checked)


def run(command: list[str], text: str) -> str:
    """Run a filter in the folder of the project, whose configuration it reads."""
    done = subprocess.run(
        command, input=text, capture_output=True, text=True, check=True, cwd=CLIENT.parent.parent.parent
    )
    return done.stdout


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
