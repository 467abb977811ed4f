"""A mail server that is far away: a TCP proxy that lets every octet wait, in both directions."""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Iterator


class _End(asyncio.Protocol):
    """One end of a connection through the proxy; what comes in leaves at the other end, later."""

    def __init__(self, delay: float, other: _End | None = None) -> None:
        self._delay = delay
        self.other = other
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        # Callbacks that are due at growing times run in the order of these: nothing overtakes.
        asyncio.get_running_loop().call_later(self._delay, self._pass_on, data)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        asyncio.get_running_loop().call_later(self._delay, self._pass_on, None)

    def _pass_on(self, data: bytes | None) -> None:
        if self.other is None or self.other.transport is None:
            return
        if data is None:
            self.other.transport.close()
        else:
            self.other.transport.write(data)


class _Near(_End):
    """The end that a client has connected to; it connects to the server in its turn."""

    def __init__(self, delay: float, target: int) -> None:
        super().__init__(delay)
        self._target = target

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        far = self.other = _End(self._delay, self)
        # The server speaks first: nothing comes in here before the far end is there.
        loop = asyncio.get_running_loop()
        self._opening = loop.create_task(
            loop.create_connection(lambda: far, "127.0.0.1", self._target)
        )


@contextmanager
def distance(target: int, delay: float) -> Iterator[int]:
    """A port from which `target`, a port of this machine, is `delay` seconds away, each way."""
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(
        loop.create_server(lambda: _Near(delay, target), "127.0.0.1", 0)
    )
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        loop.call_soon_threadsafe(server.close)
        # What is still under way, the last good-byes, may arrive.
        loop.call_soon_threadsafe(loop.call_later, 3 * delay, loop.stop)
        thread.join()
        loop.close()
