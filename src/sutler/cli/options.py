"""Options that many commands share."""

from __future__ import annotations

from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
Limit = Annotated[int, typer.Option("--limit", min=1, help="How many to show at most.")]
Experiment = Annotated[
    str | None, typer.Option("--experiment", "-e", envvar="SUTLER_EXPERIMENT", help="Only of this experiment.")
]
InExperiment = Annotated[
    str | None,
    typer.Option(
        "--experiment", "-e", envvar="SUTLER_EXPERIMENT", help="The experiment; not needed if you are in one only."
    ),
]
PasswordStdin = Annotated[bool, typer.Option("--password-stdin", help="Read the password from standard input.")]
File = Annotated[str, typer.Argument(metavar="FILE.json", help="A file, or - for standard input.")]
DatasetName = Annotated[str, typer.Argument(metavar="DID", help="The dataset, namespace:name.")]
