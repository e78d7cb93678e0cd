"""A user's own corner of the catalogue: a namespace, a dataset and a few files, made by the old client itself."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from tests.contract.clients.bench import Bench, Ran

FILES = tuple(
    {
        "name": f"{name}.root",
        "size": 100 * number,
        "fid": f"{{namespace}}-{name}",
        "checksums": {"adler32": f"0000000{number}"},
        "metadata": {"core.run": number, "core.kind": kind, "core.list": [number, 9]},
        **({"parents": [{"fid": "{namespace}-a"}]} if name == "d" else {}),
    }
    for number, (name, kind) in enumerate((("a", "raw"), ("b", "raw"), ("c", "reco"), ("d", "reco")), start=1)
)

REFUSED = (
    "def refused(call):\n"
    "    try:\n        return ['none', call()]\n"
    "    except Exception as error:\n        return [type(error).__name__, getattr(error, 'StatusCode', None)]\n"
)
"""What scripts say of a call that is refused: the error of the client and its status."""


@dataclass(frozen=True)
class Shelf:
    """The corner of one user, whose namespace has the name of the user. The dataset is `NAMESPACE:all`."""

    bench: Bench

    @property
    def namespace(self) -> str:
        """The user's own namespace."""
        return self.bench.username

    @property
    def dataset(self) -> str:
        """The dataset with all files."""
        return self.did("all")

    @property
    def is_old(self) -> bool:
        """Whether the client is of the line before 4."""
        return self.bench.is_old

    def did(self, name: str) -> str:
        """Return the DID of a file or dataset of the namespace."""
        return f"{self.namespace}:{name}"

    def dids(self, *letters: str) -> list[str]:
        """Return the DIDs of files that are called by a letter."""
        return [self.did(f"{letter}.root") for letter in letters]

    def fid(self, letter: str) -> str:
        """Return the fid of a file that is called by a letter."""
        return f"{self.namespace}-{letter}"

    def run(self, *words: object, stdin: str = "") -> Ran:
        """Run `metacat` and return how it ended."""
        ran = self.bench.metacat(*words, stdin=stdin)
        assert "Traceback" not in ran.err, ran.err
        return ran

    def succeed(self, *words: object, stdin: str = "") -> str:
        """Run `metacat`, insist that it succeeds without a word on standard error, and return what it printed."""
        ran = self.run(*words, stdin=stdin)
        assert (ran.exit_code, ran.err) == (0, ""), f"{words}: {ran}"
        return ran.out

    def read(self, *words: object) -> Any:  # noqa: ANN401 - whatever the client prints
        """Run `metacat`, which prints JSON, and return that."""
        return json.loads(self.succeed(*words))

    def retire(self, letter: str) -> None:
        """Retire a file. Release 3.42.2 has the option the wrong way round: without it the file is brought back."""
        self.succeed("file", "retire", *(("-u",) if self.is_old else ()), self.did(f"{letter}.root"))

    def list(self, query: str) -> list[str]:
        """Return the names of the files of a query, in order."""
        return sorted(line.partition(":")[2] for line in self.succeed("query", query).split())

    def write(self, name: str, document: object) -> str:
        """Leave JSON in a file of the working directory and return its name."""
        (self.bench.directory / name).write_text(json.dumps(document))
        return name


def furnish_shelf(bench: Bench) -> Shelf:
    """Make the corner."""
    shelf = Shelf(bench)
    text = json.dumps([{"namespace": shelf.namespace, **file} for file in FILES])
    bench.catalog(
        "ns, files = sys.argv[1], json.loads(sys.argv[2])\n"
        "client.create_namespace(ns, description='A corner')\nclient.create_dataset(ns + ':all')\n"
        "result = [client.declare_files(ns + ':all', [file])[0]['fid'] for file in files]",
        shelf.namespace,
        text.replace("{namespace}", shelf.namespace),
    )
    return shelf
