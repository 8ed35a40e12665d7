"""Files of visitors: none on a disk, and none where nobody asked for one."""

import tempfile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client, RequestFactory

from config.uploads import takes_file
from tests.factories import make_letter

LARGEST = 3 * 1024 * 1024


def file_of(size, name="people.csv"):
    return SimpleUploadedFile(name, b"x" * size, content_type="text/csv")


@takes_file(LARGEST)
def view(request):
    found = {name: (file.name, len(file.read())) for name, file in request.FILES.items()}
    too_large = getattr(request, "file_is_too_large", False)
    return HttpResponse(f"{found} {too_large} {request.POST.get('word')}")


def post(**fields):
    request = RequestFactory().post("/", fields)
    request._dont_enforce_csrf_checks = True
    return view(request).content.decode()


@pytest.fixture(autouse=True)
def no_disk(monkeypatch):
    """Django's temporary files begin here."""

    def refuse(*args, **kwargs):
        raise AssertionError("A file went to the disk.")

    monkeypatch.setattr(tempfile, "NamedTemporaryFile", refuse)
    monkeypatch.setattr(tempfile, "mkstemp", refuse)


def test_file_stays_in_memory_however_large():
    assert post(file=file_of(LARGEST), word="a") == (
        f"{{'file': ('people.csv', {LARGEST})}} False a"
    )


def test_file_that_is_larger_is_skipped_and_the_rest_is_read():
    assert post(file=file_of(LARGEST + 1), word="a") == "{} True a"


def test_second_file_is_skipped():
    found = post(file=file_of(3), other=file_of(5))

    assert found == "{'file': ('people.csv', 3)} False None"


def test_file_without_a_name_or_a_type_is_taken():
    assert post(file=file_of(0)) == "{'file': ('people.csv', 0)} False None"


def test_view_that_takes_a_file_checks_the_token_all_the_same():
    request = RequestFactory().post("/", {"file": file_of(3)})

    assert view(request).status_code == 403


@pytest.mark.django_db
def test_views_that_ask_for_no_file_get_none():
    letter = make_letter()

    response = Client().post(
        f"/letters/{letter.slug}/sign/", {"name": file_of(5 * 1024 * 1024), "title": "Engineer"}
    )

    assert response.status_code == 200
    assert response.wsgi_request.FILES == {}
    assert response.context["form"].data["title"] == "Engineer"
