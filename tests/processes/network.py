"""The network of the tests: one event loop in the background, and a wire that can be cut."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any

HOST = "127.0.0.1"


class Background:
    """An event loop in a thread of its own."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(30)

    def stop(self) -> None:
        self.run(self._end_tasks())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(30)
        self.loop.close()

    async def _end_tasks(self) -> None:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        # Closed transports say so to their protocols in the next turns of the loop.
        await asyncio.sleep(0.05)


class Wire:
    """Carries bytes from a port of its own to a server, until it is cut or frozen."""

    def __init__(self, background: Background, host: str, port: int) -> None:
        self.background = background
        self.target = (host, port)
        self.port = 0
        self._server: asyncio.Server | None = None
        self._ends: set[asyncio.StreamWriter] = set()
        self._flows = asyncio.Event()
        self.background.run(self._listen())
        self.thaw()

    def cut(self) -> None:
        """End every connection and refuse new ones."""
        self.background.run(self._stop_listening())

    def mend(self) -> None:
        self.background.run(self._listen())

    def freeze(self) -> None:
        """Keep every connection and take new ones, but let nothing through."""
        self.background.loop.call_soon_threadsafe(self._flows.clear)

    def thaw(self) -> None:
        self.background.loop.call_soon_threadsafe(self._flows.set)

    async def _listen(self) -> None:
        if self._server is None:
            self._server = await asyncio.start_server(self._connect, HOST, self.port)
            self.port = self._server.sockets[0].getsockname()[1]

    async def _stop_listening(self) -> None:
        if self._server is not None:
            await shut(self._server)
            self._server = None
        for end in list(self._ends):
            end.transport.abort()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there_reader, there_writer = await asyncio.open_connection(*self.target)
        except OSError:
            writer.transport.abort()
            return
        await asyncio.gather(self._carry(reader, there_writer), self._carry(there_reader, writer))

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._ends.add(writer)
        try:
            while data := await reader.read(65536):
                await self._flows.wait()
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        finally:
            self._ends.discard(writer)
            writer.transport.abort()


async def serve(protocol: Callable[[], asyncio.BaseProtocol], port: int) -> asyncio.AbstractServer:
    return await asyncio.get_running_loop().create_server(protocol, HOST, port)


async def shut(server: asyncio.AbstractServer) -> None:
    """Take no further connections, and close once those are through that are just coming in:
    asyncio drops a connection unclosed whose server closes in that moment."""
    assert isinstance(server, asyncio.Server)
    for listening in server.sockets:
        asyncio.get_running_loop().remove_reader(listening.fileno())
    await asyncio.sleep(0.02)
    server.close()
