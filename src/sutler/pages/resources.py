"""Reading a text resource of another server: by http or https, of a public address, small and in time."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from urllib.parse import SplitResult, urljoin, urlsplit

import httpx

from sutler.base.errors import InvalidInputError, Problem, UpstreamError

LONGEST_BYTES = 1_000_000
TIMEOUT_SECONDS = 10.0
MOST_REDIRECTS = 5

_NOT_ASKED = tuple(
    ipaddress.IPv6Network(network)
    for network in ("64:ff9b::/96", "64:ff9b:1::/48", "::/96", "::ffff:0:0:0/96", "fec0::/10")
)
"""Networks that lead to an address of the older protocol in other words, and those of a site that were given up."""


async def read_resource(url: str) -> str:
    """Return what stands at an address, as text.

    The connection goes to the very address that was judged, so that a name cannot change its meaning in between. At
    most five redirects are followed, each judged like the first address; proxies of the environment are not used.
    Raises InvalidInputError for an address that is not to be asked, UpstreamError for what went wrong there.
    """
    try:
        async with (
            asyncio.timeout(TIMEOUT_SECONDS),
            httpx.AsyncClient(timeout=TIMEOUT_SECONDS, trust_env=False) as client,
        ):
            for _ in range(MOST_REDIRECTS + 1):
                reply = await _ask(client, url)
                if isinstance(reply, str):
                    return reply
                url = _follow(url, reply.headers["location"])
    except TimeoutError:
        raise UpstreamError(_name(url), f"nothing complete within {TIMEOUT_SECONDS:g} seconds") from None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise UpstreamError(_name(url), str(error) or type(error).__name__) from error
    raise UpstreamError(_name(url), f"more than {MOST_REDIRECTS} redirects")


def is_public(address: str) -> bool:
    """Whether an IP address belongs to a machine of the open network: not to this one, its neighbours, or a group."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour
        if inner is not None:
            return is_public(str(inner))
        if found.teredo is not None or any(found in network for network in _NOT_ASKED):
            return False
    return found.is_global and not found.is_multicast


async def _ask(client: httpx.AsyncClient, url: str) -> str | httpx.Response:
    """Return the text, or an answer that leads elsewhere. Addresses of the host are tried in turn until one answers."""
    parts = _split(url)
    host = parts.hostname or ""
    addresses = await _list_addresses(host, parts.port or (443 if parts.scheme == "https" else 80))
    for address in addresses[:-1]:
        try:
            return await _ask_address(client, url, host, address)
        except httpx.ConnectError:
            continue
    return await _ask_address(client, url, host, addresses[-1])


async def _ask_address(client: httpx.AsyncClient, url: str, host: str, address: str) -> str | httpx.Response:
    target = httpx.URL(url).copy_with(host=address, username=None, password=None, fragment=None)
    # Not compressed: what arrives is what is counted.
    headers = {"Host": _name(url), "Accept": "text/plain, */*", "Accept-Encoding": "identity"}
    async with client.stream("GET", target, headers=headers, extensions={"sni_hostname": host}) as reply:
        if reply.has_redirect_location:
            return reply
        if reply.status_code != httpx.codes.OK:
            raise UpstreamError(_name(url), f"{reply.status_code} {reply.reason_phrase}".strip())
        return await _read(url, reply)


def _follow(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError:
        raise UpstreamError(_name(url), f"a redirect to {location[:200]!r}, which is no address") from None


async def _read(url: str, reply: httpx.Response) -> str:
    contents = bytearray()
    async for piece in reply.aiter_raw():
        contents += piece
        if len(contents) > LONGEST_BYTES:
            raise UpstreamError(_name(url), f"more than {LONGEST_BYTES // 1_000_000} MB")
    try:
        return contents.decode("utf-8")
    except UnicodeDecodeError:
        raise UpstreamError(_name(url), "something that is no text in UTF-8") from None


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        is_usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_usable = False
    if not is_usable or not url.isprintable() or " " in url:
        raise InvalidInputError([Problem("url", f"{url[:200]!r} is no address that begins with http:// or https://")])
    return parts


async def _list_addresses(host: str, port: int) -> list[str]:
    """Return the addresses of a host; all of them must be public."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise InvalidInputError([Problem("url", f"there is no host {host[:200]!r}")]) from None
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if not addresses or not all(is_public(address) for address in addresses):
        what = f"{host[:200]} is a machine of a private network; only public ones are asked from here"
        raise InvalidInputError([Problem("url", what)])
    return addresses


def _name(url: str) -> str:
    return urlsplit(url).netloc.rpartition("@")[2][:200] or "The address"
