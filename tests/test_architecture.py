"""The shape of the code, as `docs/architecture.md` draws it, checked line by line."""

import ast
import re
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.ROOT)
FLOORS = ["config", "letters", "signatories"]
SEES_EVERYTHING = {"config/urls.py"}
LONGEST_MODULE = 400
TEXTS = {".py", ".md", ".html", ".txt", ".css", ".toml", ".yml", ".yaml", ".sh", ".js"}


def modules(*folders):
    return [
        path
        for folder in folders or FLOORS
        for path in sorted((ROOT / folder).rglob("*.py"))
        if "migrations" not in path.parts
    ]


def name_of(path):
    return path.relative_to(ROOT).as_posix()


def dotted_name(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(path):
    """Everything a module imports, also inside functions and under conditions."""
    package = dotted_name(path).split(".")
    if path.name != "__init__.py":
        package = package[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            whole = ".".join([*base, *([node.module] if node.module else [])])
            yield from (f"{whole}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "import_module":
            yield from (a.value for a in node.args if isinstance(a, ast.Constant))


def floors_above(path):
    """Names of the floors above the one a module is on, which it may not import."""
    own = path.relative_to(ROOT).parts[0]
    return FLOORS[FLOORS.index(own) + 1 :]


ALL = modules()


def test_every_module_is_looked_at():
    names = {name_of(path) for path in ALL}

    assert len(names) > 50
    assert {
        "config/settings.py",
        "config/run/supervisor.py",
        "letters/models/letter.py",
        "letters/management/commands/seed.py",
        "signatories/actions/confirming.py",
        "signatories/templatetags/moderation.py",
    } <= names


# Floors ---------------------------------------------------------------------------------


def imports_that_go_up(paths):
    return [
        (name_of(path), name)
        for path in paths
        if name_of(path) not in SEES_EVERYTHING
        for name in imports_of(path)
        if name.split(".")[0] in floors_above(path)
    ]


def test_imports_go_down_only():
    assert imports_that_go_up(ALL) == []


def test_only_the_urls_see_every_floor():
    seen = {name.split(".")[0] for name in imports_of(ROOT / "config" / "urls.py")}

    assert "signatories" in seen, "Then it needs no exception."


def test_imports_are_found_wherever_they_hide(tmp_path, monkeypatch):
    hidden = tmp_path / "config" / "hidden.py"
    hidden.parent.mkdir()
    hidden.write_text(
        "import os, letters.models as m\n"
        "def f():\n"
        "    if os:\n"
        "        from signatories import tasks\n"
        "    from . import mail\n"
        "    importlib.import_module('letters.seeds')\n"
    )
    monkeypatch.setattr(f"{__name__}.ROOT", tmp_path)

    assert set(imports_of(hidden)) == {
        "os",
        "letters.models",
        "signatories.tasks",
        "config.mail",
        "letters.seeds",
    }
    assert sorted(name for _path, name in imports_that_go_up([hidden])) == [
        "letters.models",
        "letters.seeds",
        "signatories.tasks",
    ]


def test_no_import_is_relative():
    """A relative import hides from the reader on which floor it lands."""
    found = [
        name_of(path)
        for path in ALL
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and node.level
    ]

    assert found == []


def test_application_imports_no_tests_and_no_tools_of_development():
    tools = {"tests", "pytest", "hypothesis", "playwright", "time_machine", "aiosmtpd"}

    found = [
        (name_of(path), name)
        for path in ALL
        for name in imports_of(path)
        if name.split(".")[0] in tools
    ]

    assert found == []


# Rooms ----------------------------------------------------------------------------------

DOORS = ("views", "admin", "forms", "urls", "dashboard", "api")
MAY_NOT_IMPORT = {
    "models": (*DOORS, "actions", "tasks"),
    "actions": ("views", "admin", "urls", "dashboard", "api", "forms"),
    "tasks": DOORS,
    "verification": DOORS,
    "forms": ("views", "admin", "urls", "tasks"),
    "views": ("admin",),
}


def room_of(dotted):
    """("signatories", "models") for `signatories.models.signature` and what it holds."""
    parts = dotted.split(".")
    return tuple(parts[:2]) if parts[0] in FLOORS[1:] and len(parts) > 1 else None


def test_rooms_import_no_room_nearer_to_the_door():
    found = []
    for path in modules(*FLOORS[1:]):
        own = room_of(dotted_name(path))
        forbidden = MAY_NOT_IMPORT.get(own[1], ()) if own else ()
        found += [
            (name_of(path), name)
            for name in imports_of(path)
            if (room_of(name) or ("", ""))[1] in forbidden
        ]

    assert found == []


@pytest.mark.parametrize("room", ["models", "actions", "tasks", "verification"])
def test_facts_and_verbs_never_see_a_request(room):
    for path in modules(*FLOORS[1:]):
        if room_of(dotted_name(path)) not in {(floor, room) for floor in FLOORS}:
            continue
        assert not any(name.startswith("django.http") for name in imports_of(path)), path
        names = {
            argument.arg
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.FunctionDef)
            for argument in [*node.args.args, *node.args.kwonlyargs]
        }
        assert "request" not in names, path


def calls_in(path):
    return [
        node
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    ]


def chain_of(call):
    """The calls in `a.b(…).c(…)` by name: {"c": …, "b": …}."""
    chain = {}
    while isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute):
        chain[call.func.attr] = call
        call = call.func.value
    return chain


def test_states_are_filtered_in_the_models_only():
    filters = {"filter", "exclude", "get", "filter_by"}
    found = [
        (name_of(path), call.lineno)
        for path in modules("letters", "signatories")
        if (room_of(dotted_name(path)) or ("", ""))[1] != "models"
        for call in calls_in(path)
        if call.func.attr in filters
        and any(k.arg and re.match(r"(\w+__)?state(__|$)", k.arg) for k in call.keywords)
    ]

    assert found == []


def test_doors_write_nothing_themselves():
    writing = {"save", "delete", "create", "bulk_create", "bulk_update", "get_or_create"}
    found = [
        (name_of(path), call.lineno, call.func.attr)
        for path in modules("letters", "signatories")
        if (room_of(dotted_name(path)) or ("", ""))[1] in ("views", "forms", "admin")
        for call in calls_in(path)
        if call.func.attr in writing
    ]

    assert found == []


def test_locks_name_the_row_they_mean_where_rows_are_joined():
    """PostgreSQL refuses to lock the nullable side of a join, and locks all sides otherwise."""
    chains = [
        (path, chain_of(call))
        for path in modules("letters", "signatories")
        for call in calls_in(path)
    ]
    joined = {
        (name_of(path), chain["select_for_update"])
        for path, chain in chains
        if "select_for_update" in chain and "select_related" in chain
    }

    assert joined
    assert [(name, lock.lineno) for name, lock in joined if not lock.keywords] == []


def test_our_own_code_sends_no_signals_and_has_no_generic_relations():
    banned = ("django.db.models.signals", "django.dispatch", "GenericForeignKey")

    found = [
        (name_of(path), name)
        for path in modules("letters", "signatories")
        for name in imports_of(path)
        if any(word in name for word in banned)
    ]

    assert found == []


def test_tasks_are_queued_through_the_one_way_only():
    """`enqueue` waits for the commit. A sweep queues what stands in the database already."""
    found = {
        name_of(path)
        for path in ALL
        for call in calls_in(path)
        if call.func.attr in ("delay", "apply_async", "send_task")
    }

    assert found <= {"config/celery.py", "signatories/tasks.py"}


# Size and names ---------------------------------------------------------------------------


def test_modules_are_not_too_long():
    lengths = {
        name_of(path): sum(
            1 for line in path.read_text(encoding="utf-8").splitlines() if line.strip()
        )
        for path in ALL
    }

    assert {name: n for name, n in lengths.items() if n > LONGEST_MODULE} == {}


def test_modules_are_named_for_what_they_know():
    nameless = {"utils", "util", "helpers", "helper", "common", "misc", "tools", "base", "core"}

    assert [name_of(path) for path in modules(*FLOORS, "tests") if path.stem in nameless] == []


def test_top_level_is_the_agreed_one():
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    folders = {
        path.name
        for path in ROOT.iterdir()
        if path.is_dir() and not path.name.startswith((".", "__"))
    }

    assert packages == {*FLOORS, "tests"}
    assert folders - {"var"} == {*FLOORS, "tests", "seeds", "docs"}
    assert [path.name for path in ROOT.glob("*.py")] == ["manage.py"]


def test_every_package_says_that_it_is_one():
    without = {
        name_of(path.parent)
        for path in modules(*FLOORS)
        if not (path.parent / "__init__.py").exists()
    }

    assert without == set()


# Templates --------------------------------------------------------------------------------

TEMPLATES = [
    path for floor in FLOORS for path in sorted((ROOT / floor).rglob("templates/**/*.html"))
]
INLINE = re.compile(
    r"<script(?![^>]*\ssrc=)|<style\b|<[^>]+\sstyle\s*=|<[^>]+\son[a-z]+\s*=|javascript:",
    re.IGNORECASE,
)


def without_template_tags(text):
    return re.sub(r"\{[%{#].*?[%}#]\}", "", text, flags=re.DOTALL)


def found_in_templates(pattern, paths=TEMPLATES):
    return [
        (name_of(path), match[0])
        for path in paths
        for match in pattern.finditer(without_template_tags(path.read_text(encoding="utf-8")))
    ]


def test_templates_have_no_inline_script_and_no_inline_style():
    # Mail programs know no other styles.
    pages = [path for path in TEMPLATES if "mail" not in path.parts]

    assert len(pages) > 30
    assert found_in_templates(INLINE, pages) == []


@pytest.mark.parametrize(
    "text",
    [
        "<script>x</script>",
        "<style>p {}</style>",
        '<p style="color: red">',
        '<a href="#" onclick="x()">',
        '<a href="javascript:x()">',
    ],
)
def test_inline_code_would_be_found(text):
    assert INLINE.search(text)
    assert not INLINE.search('<script src="x.js"></script><p class="style" data-on="x">one = 1</p>')


def test_templates_load_nothing_from_elsewhere():
    address = r"""["']?(?:https?:)?//"""
    loading = rf"(?:\bsrc|\bsrcset|\baction|\bposter|<link[^>]*\bhref)={address}|url\({address}"

    assert found_in_templates(re.compile(loading)) == []


def test_styles_load_nothing_from_elsewhere():
    for path in (ROOT / "config" / "static").rglob("*.css"):
        assert not re.search(r"@import|url\(\s*[\"']?(https?:)?//", path.read_text()), path


def test_templates_include_with_only_what_they_name():
    includes = [
        (name_of(path), include)
        for path in TEMPLATES
        for include in re.findall(r"\{% include .*? %\}", path.read_text(encoding="utf-8"))
        if '"admin/' not in include  # Django's own, which read the whole context.
    ]

    assert len(includes) > 40
    assert [row for row in includes if not row[1].endswith(" only %}")] == []


# Words ------------------------------------------------------------------------------------


def texts():
    for folder in (*FLOORS, "tests", "seeds", "docs", ".ci"):
        for path in sorted((ROOT / folder).rglob("*")):
            is_text = path.is_file() and (path.suffix in TEXTS or path.name == "run")
            if is_text and path != Path(__file__):
                yield path
    yield from (path for path in ROOT.iterdir() if path.suffix in TEXTS or path.name == "Makefile")


def test_nothing_is_left_to_be_done_later():
    marks = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")

    assert [name_of(p) for p in texts() if marks.search(p.read_text(encoding="utf-8"))] == []


def test_words_are_spelt_the_british_way():
    american = re.compile(
        r"\b(?!organization(?:-title)?\"|organizations/v2)\w*(organiz|recogniz|anonymiz|summariz|behavior|favorit)\w*",
        re.I,
    )

    found = [
        (name_of(path), match[0])
        for path in texts()
        for match in american.finditer(path.read_text(encoding="utf-8"))
        if path.suffix in (".py", ".md", ".html", ".txt", ".toml")
    ]

    assert found == []


def test_signatories_are_not_called_otherwise():
    """The glossary of `docs/architecture.md`; it alone names the words we do not use."""
    words = re.compile(r"\b(petition|supporter)s?\b", re.IGNORECASE)

    found = [
        name_of(path)
        for path in texts()
        if words.search(path.read_text(encoding="utf-8")) and path.name != "architecture.md"
    ]

    assert found == []
