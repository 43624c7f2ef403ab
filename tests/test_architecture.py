"""What may import what: the rooms of the package, read from its source."""

import ast
import sys
from collections import defaultdict

import pytest
from programs import ROOT, run

PACKAGE = "modulus_relobralo"
HOSTS = {"modulus", "physicsnemo"}
# From the lowest floor to the highest. A room imports from lower floors only; of one floor, nobody knows another.
FLOORS = (
    {"checks", "conf", "figure_style", "moved", "tables", "version"},
    {"fingerprint", "initialization", "options", "ranks"},
    {"balancing", "optimizers", "taylor", "report"},
    {"problems"},
    {"plates", "loops"},
    {"hosts"},
)
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}


def sources():
    return sorted((ROOT / PACKAGE).rglob("*.py"))


def module_of(path):
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imports(path):
    """Return every module that a file imports, wherever in it, those for type checkers as well."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            # A module taken from its package is no use of what the package hands on.
            found |= names if all(map(is_module, names)) else {node.module, *names}
    return found


def is_module(name):
    path = ROOT.joinpath(*name.split("."))
    return path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()


def room_of(module):
    """Return the part of the package right below its root; the root itself has the name of the package."""
    return [*module.split("."), PACKAGE][1]


def arrows(files):
    """Return, for each room, the rooms that it imports and the files that do."""
    found = defaultdict(lambda: defaultdict(set))
    for path in files:
        room = room_of(module_of(path))
        for module in imports(path):
            if module.split(".")[0] == PACKAGE and room_of(module) not in (room, PACKAGE):
                found[room][room_of(module)].add(str(path.relative_to(ROOT)))
    return found


def upward(found):
    """Return the arrows that do not lead to a lower floor, with the files that draw them."""
    return {
        f"{room} -> {other}": files
        for room, others in found.items()
        for other, files in others.items()
        if room != PACKAGE and FLOOR[other] >= FLOOR[room]
    }


def circles(graph):
    """Return the nodes of a graph that can be reached from themselves."""

    def reachable(start):
        seen, todo = set(), [start]
        while todo:
            new = set(graph.get(todo.pop(), ())) - seen
            seen |= new
            todo += new
        return seen

    return {node for node in graph if node in reachable(node)}


def host_imports():
    """Return what files outside of the hosts' room import of a host, or of that room."""
    found = {}
    for path in sources():
        known = imports(path) if room_of(module_of(path)) != "hosts" else ()
        of_hosts = {name for name in known if name.split(".")[0] in HOSTS or name.startswith(f"{PACKAGE}.hosts")}
        if of_hosts:
            found[module_of(path)] = of_hosts
    return found


def bare_imports(folder):
    """Return what files of a folder import of it without its name, which only a path of its own would find."""
    rooms = {path.stem for path in folder.iterdir()}
    found = {path.name: {name.split(".")[0] for name in imports(path)} & rooms for path in sorted(folder.rglob("*.py"))}
    return {name: bare for name, bare in found.items() if bare}


def module_graph():
    modules = {module_of(path) for path in sources()}
    return {module_of(path): (imports(path) & modules) - {module_of(path)} for path in sources()}


def test_every_room_has_its_floor():
    assert {room_of(module_of(path)) for path in sources()} - {PACKAGE} <= set(FLOOR)


def test_arrows_lead_to_lower_floors_only():
    assert upward(arrows(sources())) == {}


def test_no_circle_of_modules():
    assert circles(module_graph()) == set()


def test_only_the_hosts_room_knows_a_host():
    assert host_imports() == {}


def test_benchmarks_know_each_other_by_their_whole_names(tmp_path):
    assert bare_imports(ROOT / "benchmarks") == {}
    (tmp_path / "references").mkdir()
    (tmp_path / "cases.py").write_text("def f():\n    from references import closed")
    assert bare_imports(tmp_path) == {"cases.py": {"references"}}


@pytest.mark.parametrize(
    ("modules", "unloaded"),
    [
        (("", ".options"), {"torch", "sympy", "hydra", *HOSTS}),
        ((".balancing", ".optimizers"), {"sympy", "hydra", *HOSTS}),
        ((".hosts.plugin",), {"torch", "sympy", *HOSTS}),
        ((".report",), {"torch", "sympy", *HOSTS}),
    ],
)
def test_importing_loads_nothing_that_is_not_needed(modules, unloaded):
    names = ", ".join(f"{PACKAGE}{module}" for module in modules)
    code = f"import sys, {names}; print('loaded:', *sorted({unloaded!r} & set(sys.modules)))"
    assert run([sys.executable, "-W", "ignore", "-c", code], ROOT).strip() == "loaded:"


def test_these_tests_see_what_they_look_for(tmp_path, monkeypatch):
    """The control: a package with each of the faults."""
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    texts = {
        "plates/equation.py": "from modulus_relobralo.hosts.sym import host\nimport modulus.sym",
        "hosts/sym/host.py": "def f():\n    from modulus_relobralo.plates import equation",
    }
    for name, text in texts.items():
        path = tmp_path / PACKAGE / name
        path.parent.mkdir(parents=True)
        path.write_text(text)
    assert set(upward(arrows(sources()))) == {"plates -> hosts"}
    assert circles(module_graph()) == {f"{PACKAGE}.plates.equation", f"{PACKAGE}.hosts.sym.host"}
    assert set(host_imports()) == {f"{PACKAGE}.plates.equation"}


def properties_with_a_colon(text):
    """Return the properties whose first line the API's pages would take for a type, a colon and what it is."""
    return [
        node.name
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef)
        and any(getattr(entry, "id", "") in ("property", "cached_property") for entry in node.decorator_list)
        and ": " in (ast.get_docstring(node) or "").split("\n")[0]
    ]


def test_the_first_line_of_a_property_has_no_colon():
    found = {module_of(path): properties_with_a_colon(path.read_text()) for path in sources()}
    assert {module: names for module, names in found.items() if names} == {}
    assert properties_with_a_colon('@property\ndef x(self):\n    """A place: here."""\n') == ["x"]
