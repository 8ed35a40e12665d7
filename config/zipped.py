"""ZIP files that are written while they are sent: nothing on disk, and little in memory."""

from collections.abc import Iterable, Iterator
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

# The earliest day that a ZIP file can name. The same content gives the same bytes on any day.
NO_TIME = (1980, 1, 1, 0, 0, 0)
READABLE = 0o644
UNIX = 3


class _Sink:
    """What `ZipFile` writes to: it cannot go back, and hands over what it has got so far."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, part: bytes) -> int:
        self._parts.append(bytes(part))
        return len(part)

    def flush(self) -> None:
        """Nothing waits anywhere else."""

    def take(self) -> bytes:
        taken = b"".join(self._parts)
        self._parts.clear()
        return taken


class ZipStream:
    """A ZIP file in the making. What its methods yield are its bytes, in order."""

    def __init__(self) -> None:
        self._sink = _Sink()
        self._zip = ZipFile(self._sink, "w")  # type: ignore[call-overload]

    def add(self, name: str, content: Iterable[bytes]) -> Iterator[bytes]:
        """One file, read part by part."""
        info = ZipInfo(name, NO_TIME)
        info.compress_type = ZIP_DEFLATED
        info.create_system = UNIX
        info.external_attr = READABLE << 16
        with self._zip.open(info, "w", force_zip64=True) as entry:
            for part in content:
                entry.write(part)
                if taken := self._sink.take():
                    yield taken
        yield self._sink.take()

    def end(self) -> Iterator[bytes]:
        """The list of all files, without which nobody can open them."""
        self._zip.close()
        yield self._sink.take()


def zipped(files: Iterable[tuple[str, Iterable[bytes]]]) -> Iterator[bytes]:
    """Files as one ZIP file."""
    stream = ZipStream()
    for name, content in files:
        yield from stream.add(name, content)
    yield from stream.end()
