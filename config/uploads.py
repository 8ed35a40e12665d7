"""Uploaded files: none, but for views that ask for one; and none ever on a disk.

Django writes larger files to a temporary folder, where they would lie in clear, and takes a file
sent to any form. Here a file is skipped unless the view is marked with `takes_file`, and then
it stays in memory.
"""

import functools
from collections.abc import Callable
from io import BytesIO
from typing import Any, cast

from django.core.files.uploadedfile import InMemoryUploadedFile
from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.http import HttpRequest, HttpResponse
from django.utils.decorators import decorator_from_middleware

from config.middleware import SameOriginCsrf

View = Callable[..., HttpResponse]


class NoFiles(FileUploadHandler):
    """Skips every file. What is left of the form is read as ever."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        raise SkipFile

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        raise SkipFile

    def file_complete(self, file_size: int) -> None:
        return None


class InMemory(FileUploadHandler):
    """Keeps one file of at most `largest` bytes in memory, and skips what is larger.

    `request.file_is_too_large` tells the view that there was one.
    """

    def __init__(self, request: HttpRequest, largest: int) -> None:
        super().__init__(request)
        self.largest = largest
        self.is_taken = False

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        if self.is_taken:
            raise SkipFile
        self.is_taken = True
        self.file = BytesIO()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        if start + len(raw_data) > self.largest:
            self.file.close()
            self.request.file_is_too_large = True  # type: ignore[union-attr]
            raise SkipFile
        self.file.write(raw_data)

    def file_complete(self, file_size: int) -> InMemoryUploadedFile:
        file = self.file
        file.seek(0)
        # Where another file is skipped, Django closes what it finds under this name.
        del self.file
        return InMemoryUploadedFile(
            file,
            self.field_name,
            self.file_name or "",
            self.content_type or "",
            file_size,
            self.charset,
            self.content_type_extra,
        )


def takes_file(largest: int) -> Callable[[View], View]:
    """Mark a view that takes one file of at most so many bytes.

    The token of a form is read with the form, and so the file; by then it must be known where
    the file goes. So the check that the middleware makes for every other view is made here,
    behind whatever stands outside of this mark, such as the question who is asking.
    """

    def decorate(view: View) -> View:
        checked = cast(View, decorator_from_middleware(SameOriginCsrf)(view))

        def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            request.upload_handlers = [InMemory(request, largest)]
            return checked(request, *args, **kwargs)

        functools.update_wrapper(wrapped, view)
        wrapped.csrf_exempt = True  # type: ignore[attr-defined]
        return wrapped

    return decorate
