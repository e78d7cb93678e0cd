"""A small stand-in for a MetaCat server on loopback: the calls that we make, answered as the protocol says.

Beside what it keeps it can be told to misbehave: `faults` are used up by the calls they are for.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import re
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

Document = dict[str, Any]

_QUERY = re.compile(
    r"(?s)\s*(?P<wrapped>\(\n)?(?:files(?: from (?P<dataset>[\w./:-]+))?|fids (?P<fids>[\w, -]+))(?:\s*\#[^\n]*)?\s*"
    r"(?(wrapped)\n\) ordered)(?: skip (?P<skip>\d+))?(?: limit (?P<limit>\d+))?\s*"
)
_PAIR = re.compile(r'(\w+)="?([^",]*)"?')
CREATING = frozenset({"create_namespace", "create_dataset", "declare_files", "add_child_dataset"})
CHANGING = CREATING | {"add_files"}


@dataclass
class Fault:
    """Something that goes wrong for the next `times` calls of a method, before or after it was carried out.

    `drop` closes the connection, `silent` never answers, `raw` answers those bytes, a number is a status.
    """

    method: str
    what: int | bytes | Literal["drop", "silent"]
    times: int = 1
    is_after: bool = False


@dataclass(frozen=True)
class Call:
    """What was asked."""

    method: str
    arguments: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


@dataclass
class MetacatStandIn:
    """Users with their passwords and roles, namespaces, datasets, files; `calls` is everything that was asked."""

    passwords: dict[str, str] = field(default_factory=dict)
    roles: dict[str, set[str]] = field(default_factory=dict)
    namespaces: dict[str, Document] = field(default_factory=dict)
    datasets: dict[str, Document] = field(default_factory=dict)
    members: dict[str, list[str]] = field(default_factory=dict)
    files: dict[str, Document] = field(default_factory=dict)
    children: list[tuple[str, str]] = field(default_factory=list)
    tokens: dict[str, tuple[str, float]] = field(default_factory=dict)
    bearers: dict[str, str] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    largest_size: int = 10**15
    sequence_type: str = "application/json-seq"
    separator: str = "\x1e"
    has_digest: bool = True
    has_ldap: bool = False
    is_closed: bool = False
    token_seconds: float = 7 * 86400
    now: Callable[[], float] = time.time
    url: str = ""

    @asynccontextmanager
    async def serve(self, port: int = 0) -> AsyncIterator[MetacatStandIn]:
        """Listen for as long as the context lasts."""
        server = await asyncio.start_server(self._talk, "127.0.0.1", port)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            server.close()

    def put_files(self, dataset: str, *names: str, size: int = 10) -> None:
        """Have files in a dataset, each made a second after the one before; the fid is `fid-NAME`."""
        namespace = dataset.partition(":")[0]
        self.namespaces.setdefault(namespace, {"name": namespace, "owner_user": "pro", "owner_role": None})
        self.datasets.setdefault(dataset, {"namespace": namespace, "name": dataset.partition(":")[2]})
        for name in names:
            self._keep({"namespace": namespace, "name": name, "size": size, "fid": f"fid-{name}"}, dataset)

    def count(self, method: str) -> int:
        """Return how often a method was asked."""
        return sum(call.method == method for call in self.calls)

    def get_names(self, dataset: str) -> list[str]:
        """Return the names of the files of a dataset, in the order they came in."""
        return [self.files[fid]["name"] for fid in self.members.get(dataset, [])]

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().splitlines()
                headers = {name.lower(): text for name, _, text in (line.partition(": ") for line in head[1:] if line)}
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                parts = urlsplit(head[0].split()[1])
                call = Call(parts.path.rpartition("/")[2], dict(parse_qsl(parts.query)), headers, body)
                self.calls.append(call)
                verb, target = head[0].split()[:2]
                fault = self._find_fault(call.method)
                if fault is not None and not fault.is_after:
                    answer: bytes | None = await self._misbehave(fault, reader)
                else:
                    answer = self._answer(call, verb, target)
                    if fault is not None:
                        answer = await self._misbehave(fault, reader)
                if answer is None:
                    return
                writer.write(answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()

    def _find_fault(self, method: str) -> Fault | None:
        for fault in self.faults:
            if fault.method == method and fault.times > 0:
                fault.times -= 1
                return fault
        return None

    async def _misbehave(self, fault: Fault, reader: asyncio.StreamReader) -> bytes | None:
        if fault.what == "silent":
            await reader.read()
        if isinstance(fault.what, str):
            return None
        return fault.what if isinstance(fault.what, bytes) else reply_text("Something is wrong", fault.what)

    def _answer(self, call: Call, verb: str, target: str) -> bytes:
        match call.method:
            case "version":
                return reply_text("4.1.4")
            case "auth":
                return self._sign_in(call, verb, target)
        user = self._find_user(call)
        if user is None and (self.is_closed or call.method in CHANGING):
            return reply_text("Authentication required", 401 if call.method in CREATING else 403)
        answer: bytes = getattr(self, f"_do_{call.method}")(call, user)
        return answer

    def _find_user(self, call: Call) -> str | None:
        name, until = self.tokens.get(call.headers.get("x-authentication-token", ""), (None, 0.0))
        return name if until > self.now() else None

    def _sign_in(self, call: Call, verb: str, target: str) -> bytes:
        match call.arguments["method"]:
            case "digest":
                name = self._check_digest(call.headers.get("authorization", ""), verb, target)
                if name is None:
                    challenge = f'Digest realm="metacat", nonce="{uuid4().hex}", algorithm=MD5, qop="auth"'
                    offered = {"WWW-Authenticate": challenge} if self.has_digest else {}
                    return reply_text("Authorization required", 401, **offered)
            case "ldap":
                given, _, password = call.body.decode().partition(":")
                name = given if self.has_ldap and self.passwords.get(given) == password else None
            case _:
                scheme, _, bearer = call.headers.get("authorization", "").partition(" ")
                is_his = scheme.lower() == "bearer" and self.bearers.get(bearer) == call.arguments.get("username")
                name = self.bearers[bearer] if is_his else None
        if name is None:
            return reply_text("Authentication failed\n", 401)
        token = make_token(name, self.now() + self.token_seconds)
        self.tokens[token] = (name, self.now() + self.token_seconds)
        return reply("", 200, "text/plain", **{"X-Authentication-Token": token})

    def _check_digest(self, header: str, verb: str, target: str) -> str | None:
        given = dict(_PAIR.findall(header.removeprefix("Digest ")))
        name = given.get("username", "")
        if not self.has_digest or name not in self.passwords or given.get("uri") != target:
            return None
        ha1, ha2 = _md5(f"{name}:metacat:{self.passwords[name]}"), _md5(f"{verb}:{target}")
        wanted = _md5(f"{ha1}:{given['nonce']}:{given['nc']}:{given['cnonce']}:auth:{ha2}")
        return name if wanted == given["response"] else None

    def _do_namespaces(self, call: Call, user: str | None) -> bytes:
        owner = call.arguments.get("owner_user")
        return reply_json([one for one in self.namespaces.values() if owner is None or self._owns(one, owner)])

    def _do_namespace(self, call: Call, user: str | None) -> bytes:
        found = self.namespaces.get(call.arguments["name"])
        return reply_text("Namespace not found", 404) if found is None else reply_json(found)

    def _do_create_namespace(self, call: Call, user: str) -> bytes:
        name, role = call.arguments["name"], call.arguments.get("owner_role")
        if role is not None and user not in self.roles.get(role, ()):
            return reply_text("Permission denied", 403)
        if name in self.namespaces:
            return reply_text("Namespace already exists", 409)
        self.namespaces[name] = {"name": name, "owner_user": None if role else user, "owner_role": role}
        return reply_json(self.namespaces[name])

    def _do_dataset(self, call: Call, user: str | None) -> bytes:
        found = self.datasets.get(call.arguments["dataset"])
        return reply_text("Dataset not found", 404) if found is None else reply_json(found)

    def _do_create_dataset(self, call: Call, user: str) -> bytes:
        body = json.loads(call.body)
        did = f"{body['namespace']}:{body['name']}"
        if body["namespace"] not in self.namespaces:
            return reply_text("Namespace not found", 404)
        if not self._owns(self.namespaces[body["namespace"]], user):
            return reply_text("Permission denied", 403)
        if did in self.datasets:
            return reply_text("Already exists", 409)
        self.datasets[did] = body
        return reply_json(body)

    def _do_add_child_dataset(self, call: Call, user: str) -> bytes:
        parent, child = call.arguments["parent"], call.arguments["child"]
        if parent not in self.datasets or child not in self.datasets:
            return reply_text("Dataset not found", 404)
        if (parent, child) not in self.children:
            self.children.append((parent, child))
        return reply_text("OK")

    def _do_add_files(self, call: Call, user: str) -> bytes:
        wanted = [item["fid"] for item in json.loads(call.body)["file_list"]]
        members = self.members.setdefault(call.arguments["dataset"], [])
        new = [fid for fid in wanted if fid in self.files and fid not in members]
        members += new
        return reply_json({"files_added": len(new)})

    def _do_declare_files(self, call: Call, user: str) -> bytes:
        dataset, given = call.arguments.get("dataset", ""), json.loads(call.body)
        if dataset not in self.datasets:
            return reply_text(f"Dataset {dataset} not found", 400)
        bad = [item["name"] for item in given if not re.fullmatch(r"[A-Za-z0-9_./-]+", item["name"])]
        if bad:
            message = f"Invalid value for name: {bad[0]}"
            return reply_json({"message": message, "code": "400 Bad Request", "title": "Bad Request"}, 400)
        dids = {f"{one['namespace']}:{one['name']}" for one in self.files.values()}
        existing = [did for did in (f"{item['namespace']}:{item['name']}" for item in given) if did in dids]
        if existing:
            return reply_text("\n".join(["The following files already exist:", *(f"  {did}" for did in existing)]), 409)
        problems = [problem for index, item in enumerate(given) if (problem := self._check(index, item, user))]
        if problems:
            return reply_json({"message": "Invalid file data", "metadata_errors": problems}, 488)
        fids = [parent["fid"] for item in given for parent in item["parents"] if "fid" in parent]
        if any(fid not in self.files for fid in fids) or any(item.get("fid") in self.files for item in given):
            return reply_text("Integrity error", 409)
        return reply_json([self._keep(item, dataset) for item in given])

    def _check(self, index: int, item: Document, user: str) -> Document | None:
        if not self._owns(self.namespaces.get(item["namespace"], {}), user):
            message = f"Permission to declare files in namespace {item['namespace']} denied"
            return {"index": index, "fid": None, "message": message}
        nested = [
            {"name": key, "reason": "Parameter name without a category", "value": value}
            for key, value in item["metadata"].items()
            if "." not in key
        ]
        if nested:
            return {"index": index, "message": "Metadata category validation errors", "metadata_errors": nested}
        if any("name" in parent and self._find_parent(parent) is None for parent in item["parents"]):
            return {"index": index, "fid": None, "message": "Parent file not found"}
        return None

    def _find_parent(self, parent: Document) -> str | None:
        return next((fid for fid, one in self.files.items() if _is_named(one, parent)), None)

    def _keep(self, item: Document, dataset: str) -> Document:
        made_at = 1640995200.0 + len(self.files)
        kept = {"retired": False, "checksums": {}, "metadata": {}, "parents": [], **item, "created_timestamp": made_at}
        kept["fid"] = item.get("fid") or uuid4().hex[:16]
        kept["parents"] = [{"fid": self._find_parent(parent)} for parent in kept["parents"]]
        self.files[kept["fid"]] = kept
        self.members.setdefault(dataset, []).append(kept["fid"])
        return kept

    def _do_files(self, call: Call, user: str | None) -> bytes:
        found = [one for item in json.loads(call.body) for one in self.files.values() if _is_named(one, item)]
        with_metadata = call.arguments.get("with_metadata") == "yes"
        with_provenance = call.arguments.get("with_provenance") == "yes"
        shapes = [self._show(one, with_metadata=with_metadata, with_provenance=with_provenance) for one in found]
        return reply_json(shapes[::-1])

    def _do_query(self, call: Call, user: str | None) -> bytes:
        match = _QUERY.fullmatch(call.body.decode())
        if match is None:
            return reply_text("MQLSyntaxError: Unexpected token at line 1 col 1", 400)
        chosen = self._choose(match["dataset"], match["fids"])
        chosen.sort(key=lambda one: (one["created_timestamp"], one["fid"]))
        chosen = chosen[int(match["skip"] or 0) :][: int(match["limit"]) if match["limit"] else None]
        if call.arguments.get("summary") == "count":
            return reply_json({"count": len(chosen), "total_size": sum(one["size"] for one in chosen)})
        with_metadata, with_provenance = (call.arguments[name] == "yes" for name in ("with_meta", "with_provenance"))
        shapes = [self._show(one, with_metadata=with_metadata, with_provenance=with_provenance) for one in chosen]
        if self.sequence_type == "application/json":
            return reply_json(shapes)
        return reply("".join(f"{self.separator}{json.dumps(one)}\n" for one in shapes), 200, self.sequence_type)

    def _choose(self, dataset: str | None, fids: str | None) -> list[Document]:
        if fids is not None:
            return [self.files[fid.strip()] for fid in fids.split(",") if fid.strip() in self.files]
        if dataset is None:
            return list(self.files.values())
        return [self.files[fid] for fid in self.members.get(dataset, [])]

    def _show(self, kept: Document, *, with_metadata: bool, with_provenance: bool) -> Document:
        shape = {key: value for key, value in kept.items() if key not in ("metadata", "parents")}
        if with_metadata:
            shape["metadata"] = kept["metadata"]
        if with_provenance:
            own = {"fid": kept["fid"]}
            shape["parents"] = kept["parents"]
            shape["children"] = [{"fid": fid} for fid, one in self.files.items() if own in one["parents"]]
        return shape

    def _owns(self, namespace: Document, user: str) -> bool:
        return user == namespace.get("owner_user") or user in self.roles.get(namespace.get("owner_role") or "", ())


def make_token(name: str, until: float) -> str:
    """Return a JSON Web Token as far as clients read it."""
    claims = {"sub": name, "exp": until, "jti": uuid4().hex[:8]}
    parts = [json.dumps({"alg": "HS256"}), json.dumps(claims), "signature"]
    return ".".join(base64.urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in parts)


def reply(body: str | bytes, status: int = 200, kind: str = "text/plain", **headers: str) -> bytes:
    """Return an answer as it goes over the wire."""
    content = body.encode() if isinstance(body, str) else body
    lines = [f"HTTP/1.1 {status} -", f"Content-Length: {len(content)}", f"Content-Type: {kind}"]
    lines += [f"{name}: {text}" for name, text in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + content


def reply_text(text: str, status: int = 200, **headers: str) -> bytes:
    """Return an answer in words."""
    return reply(text, status, "text/plain", **headers)


def reply_json(found: object, status: int = 200) -> bytes:
    """Return an answer in JSON."""
    return reply(json.dumps(found), status, "application/json")


def _is_named(kept: Document, item: Document) -> bool:
    if "fid" in item:
        return bool(kept["fid"] == item["fid"])
    return (kept["namespace"], kept["name"]) == (item["namespace"], item["name"])


def _md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()
