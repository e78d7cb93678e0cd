"""What commands ask for before they act: the server, the experiment, a password, a file."""

from __future__ import annotations

import itertools
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import typer

from sutler.base.errors import InvalidInputError, Problem
from sutler.cli.failures import InputFileError

if TYPE_CHECKING:
    from sutler.client import Client
    from sutler.wire.page import Page

Item = TypeVar("Item")
Shape = TypeVar("Shape")

LARGEST_PAGE = 1000


def connect() -> Client:
    """Return the client of the server that the environment or the profile names."""
    from sutler.client import Client

    return Client()


def take(client: Client, listing: Callable[..., Page[Item]], limit: int, **filters: object) -> list[Item]:
    """Return the first items of a listing, from as many pages as it takes."""
    found = client.iterate(listing, limit=min(limit, LARGEST_PAGE), **filters)
    return list(itertools.islice(found, limit))


def choose_experiment(client: Client, given: str | None) -> str:
    """Return the experiment that was named, else the only one that the user is in. Raises InvalidInputError."""
    if given:
        return given
    names = [membership.experiment for membership in client.whoami().memberships]
    if len(names) != 1:
        listed = ", ".join(names) or "none"
        raise InvalidInputError([Problem("--experiment", f"is needed, because you are in these: {listed}")])
    return names[0]


def ask_password(prompt: str, *, from_stdin: bool, is_new: bool = False) -> str:
    """Read a password without showing it; a new one twice. From standard input it is the first line."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    answer: str = typer.prompt(prompt, hide_input=True, confirmation_prompt=is_new, err=True)
    return answer


def read_document(name: str) -> Any:  # noqa: ANN401 - whatever the file holds
    """Return what a JSON file holds; `-` is standard input. Raises InputFileError."""
    try:
        return json.loads(sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8"))
    except OSError as error:
        raise InputFileError([Problem(name, f"cannot be read: {error.strerror}")]) from error
    except ValueError as error:
        raise InputFileError([Problem(name, f"is not JSON: {error}")]) from error


def read_shape(shape: type[Shape], document: object, where: str) -> Shape:
    """Return a document as a request. Raises ShapeError, for unknown fields too, and says where."""
    from sutler.wire.convert import from_json

    return from_json(shape, document, where=where, refuses_unknown=True)
