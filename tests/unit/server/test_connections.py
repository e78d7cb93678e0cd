"""A transport that sends what is written in one turn of the event loop in one piece."""

from __future__ import annotations

import asyncio

from sutler.server.connections import LARGEST_HELD_BYTES, JoinedWrites


class Wire(asyncio.Transport):
    """Notes what is sent."""

    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 1)})
        self.sent: list[bytes] = []
        self.is_closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        assert not self.is_closed
        self.sent.append(bytes(data))

    def close(self) -> None:
        self.is_closed = True


async def test_head_and_body_go_out_together_once_the_turn_is_over() -> None:
    wire = Wire()
    joined = JoinedWrites(wire)
    joined.write(b"head")
    joined.write(b"body")
    assert wire.sent == []
    await asyncio.sleep(0)
    assert wire.sent == [b"headbody"]
    joined.write(b"next")
    await asyncio.sleep(0)
    assert wire.sent == [b"headbody", b"next"]


async def test_much_at_once_is_not_held() -> None:
    wire = Wire()
    joined = JoinedWrites(wire)
    joined.write(b"head")
    joined.write(b"x" * LARGEST_HELD_BYTES)
    assert [len(part) for part in wire.sent] == [LARGEST_HELD_BYTES + 4]
    await asyncio.sleep(0)
    assert len(wire.sent) == 1


async def test_what_was_written_is_sent_before_the_connection_is_closed() -> None:
    wire = Wire()
    joined = JoinedWrites(wire)
    joined.write(b"all")
    joined.close()
    assert (wire.sent, wire.is_closed) == ([b"all"], True)
    await asyncio.sleep(0)
    assert wire.sent == [b"all"]


async def test_everything_else_is_the_transports() -> None:
    assert JoinedWrites(Wire()).get_extra_info("peername") == ("127.0.0.1", 1)
