"""What an onlooker has to compare: whole databases, whole caches, whole answers."""

import re
from email.message import EmailMessage
from html import unescape

import redis
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.http import HttpResponse

Rows = dict[str, list[str]]


def all_rows() -> Rows:
    """Every value of every table, read past the models: table → rows in order."""
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        return {table: _rows_of(cursor, table) for table in sorted(tables)}


def _rows_of(cursor, table: str) -> list[str]:
    cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
    return sorted(repr([_plain(value) for value in row]) for row in cursor.fetchall())


def _plain(value: object) -> object:
    return bytes(value) if isinstance(value, memoryview) else value


def heap_of_rows() -> bytes:
    """The same as one heap of bytes, as a logical dump would hold it."""
    parts = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            for row in cursor.fetchall():
                for value in map(_plain, row):
                    parts.append(value if isinstance(value, bytes) else str(value).encode())
    return b"\n".join(parts)


def redis_client() -> redis.Redis:
    """The server behind cache and queue, without Django's prefix and pickles."""
    return redis.from_url(settings.CACHES["default"]["LOCATION"])


def heap_of_redis() -> bytes:
    """Every key and every value of every kind. Strings come as they are, without packing."""
    client, parts = redis_client(), []
    readers = {
        b"string": client.get,
        b"list": lambda key: b"\n".join(client.lrange(key, 0, -1)),
        b"set": lambda key: b"\n".join(client.smembers(key)),
        b"hash": lambda key: repr(client.hgetall(key)).encode(),
        b"zset": lambda key: repr(client.zrange(key, 0, -1, withscores=True)).encode(),
    }
    for key in client.keys("*"):
        parts += [key, readers[client.type(key)](key) or b""]
    return b"\n".join(parts)


def forget_limits() -> None:
    """Let the next attempts count from zero."""
    cache.clear()


# Answers ------------------------------------------------------------------------------------

# What differs from one visit to the next by design: capabilities, codes, and the form's token.
CHANGING = [
    (re.compile(r"\b[A-Za-z0-9]{64}\b"), "CSRF"),
    (re.compile(r"(?<=csrftoken=)[A-Za-z0-9]{32}"), "CSRF"),
    (re.compile(r"(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])"), "TOKEN"),
    (re.compile(r"\b\d{4} \d{4}\b"), "CODE"),
    (re.compile(r"\b[2-9A-Z]{4}-[2-9A-Z]{4}-[2-9A-Z]{4}\b"), "RECEIPT"),
    (re.compile(r'(?<=name="served" value=")[^"]+'), "STAMP"),
]
CHANGING_IN_MAIL = [
    (re.compile(r"={15}\d+=="), "BOUNDARY"),
    (re.compile(r"(?<=Message-ID: <)[0-9a-f]{32}(?=@)"), "ID"),
    (re.compile(r"(?<=Date: ).*"), "DATE"),
]


def unified(text: str) -> str:
    for pattern, word in CHANGING:
        text = pattern.sub(word, text)
    return text


def answer(response: HttpResponse) -> tuple[int, str, str]:
    """Status, headers and body of an answer, without what is drawn anew each time."""
    headers = "\n".join(f"{name}: {value}" for name, value in sorted(response.items()))
    cookies = "\n".join(morsel.OutputString() for morsel in response.cookies.values())
    return (
        response.status_code,
        unified(f"{headers}\n{cookies}"),
        unified(response.content.decode()),
    )


def posted(message: EmailMessage, to: str) -> str:
    """A mail as it goes over the wire, without code, time and the address it goes to."""
    text = message.message().as_bytes().decode()
    assert to in text
    for pattern, word in CHANGING_IN_MAIL:
        text = pattern.sub(word, text)
    return unified(text.replace(to, "ADDRESS"))


def words(response: HttpResponse) -> str:
    """What a person reads in the main part of the page."""
    text = response.content.decode()
    main = text.split("<main", 1)[1].split("</main>", 1)[0]
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", "<main" + main)).split())


def value_of(response: HttpResponse, field: str) -> str:
    """What stands in a field of the form that came back."""
    [tag] = re.findall(rf'<input[^>]*\bname="{field}"[^>]*>', response.content.decode(), re.DOTALL)
    found = re.search(r'\bvalue="([^"]*)"', tag)
    return unescape(found[1]) if found else ""
