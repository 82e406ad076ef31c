"""The documents hold what the code does: keys, defaults, rules, recordings, commands and what they print.

After a change of the model ``REFRESH_DOCS=1 pytest -n0 -m "" tests/test_docs.py`` writes anew what commands print.
"""

from __future__ import annotations

import copy
import inspect
import os
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple, get_args, get_origin

import pytest

from stasis_sim import __version__
from stasis_sim.cli import app
from stasis_sim.handoff.dialplan.applications.table import APPLICATIONS
from stasis_sim.handoff.dialplan.functions.table import READERS, WRITERS
from stasis_sim.handoff.dialplan.thread import DialplanRules
from stasis_sim.handoff.http_server.rules import AccessRules
from stasis_sim.handoff.profiles import RULES, Profile
from stasis_sim.scenario import Scenario, arrivals, faults, reconnect
from stasis_sim.scenario import actions as doing
from stasis_sim.scenario.asterisk import DEFAULT_ARI, DEFAULT_HTTP, DEFAULT_WEBSOCKET_CLIENT, Asterisk
from stasis_sim.scenario.calls import Calls, Redial
from stasis_sim.scenario.clients import Client
from stasis_sim.scenario.document import parse
from stasis_sim.scenario.expect import OPERATORS
from stasis_sim.scenario.fields import DISTRIBUTION_FORMS
from stasis_sim.scenario.keys import Keys
from stasis_sim.scenario.presets import POLICIES
from stasis_sim.scenario.quantities import DURATIONS, RATE_UNITS
from stasis_sim.scenario.run import Run
from stasis_sim.scenario.strict import Strict, Tagged

ROOT: Final = Path(__file__).parent.parent
DOCS: Final = ROOT / "docs"
RECORDINGS: Final = ROOT / "tests" / "recordings"
PAGES: Final = tuple(
    ROOT / name
    for name in (
        "README.md",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "results/README.md",
        "notebooks/README.md",
        *(
            f"docs/{page}.md"
            for page in (
                "index",
                "python",
                "why",
                "tutorial",
                "scenario",
                "semantics",
                "limitations",
                "decisions",
                "glossary",
                "check-config",
                "clients",
                "experiments",
                "pictures",
            )
        ),
    )
)
CITING: Final = (DOCS / "semantics.md", DOCS / "why.md", DOCS / "limitations.md")
REFRESH: Final = bool(os.environ.get("REFRESH_DOCS"))
WIDTH: Final = 120

REQUIRED: Final = "required"
NOT_GIVEN: Final = "not given"
NO_VALUE: Final = "no value"
A_FILE: Final = "see below"
"""What a key has in place of a default that fits on a line."""


def read(name: str) -> str:
    """Return the text of a page."""
    return (ROOT / name).read_text("utf-8")


# ---- docs/scenario.md against the models ---------------------------------------

SMALLEST: Final[dict[str, Any]] = {
    "asterisk": {"extensions": "[default]\n"},
    "clients": {"ivr": {"apps": ["Intro-IVR"]}, "blue": {"apps": ["Blue"]}},
    "calls": [{"to": "ivr@default", "arrivals": {"poisson": "1/s"}}],
    "run": {"duration": "1h"},
}

ACTIONS: Final = (
    doing.Answer,
    doing.Ring,
    doing.Hangup,
    doing.Continue,
    doing.Play,
    doing.Record,
    doing.Disband,
    doing.ExternalMedia,
    doing.Wait,
    doing.Set,
    doing.Subscribe,
    doing.Move,
    doing.Claim,
    doing.Bridge,
    doing.Pair,
    doing.Originate,
)
ARRIVALS: Final = (
    arrivals.Poisson,
    arrivals.Every,
    arrivals.Bursts,
    arrivals.Daily,
    arrivals.At,
    arrivals.FromCsv,
)


def said(value: Any) -> str:
    """Return a value as one writes it in a scenario."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(map(said, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {said(item)}' for key, item in value.items())}}}"
    return '""' if value == "" else str(value)


def plain_keys(prefix: str, model: type[Strict], filled: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the keys of a mapping with their defaults."""
    for name, info in model.model_fields.items():
        key = info.alias or name
        if info.is_required():
            yield f"{prefix}{key}", REQUIRED
        elif key in filled:
            yield f"{prefix}{key}", said(filled[key])
        else:
            yield f"{prefix}{key}", NOT_GIVEN


def tagged_keys(
    prefix: str, choices: tuple[type[Tagged], ...], shared: type[Tagged] = Tagged
) -> Iterator[tuple[str, str]]:
    """Yield the keys of choices such as ``{constant: 1s}``; one that has a single value is a key itself."""
    for choice in choices:
        own = {name: info for name, info in choice.model_fields.items() if name not in shared.model_fields}
        if not own:
            yield f"{prefix}{choice.tag}", NO_VALUE
        for name, info in own.items():
            key = f"{prefix}{choice.tag}" if name == choice.sole and not choice.mapping else ""
            key = key or f"{prefix}{choice.tag}.{info.alias or name}"
            if info.is_required():
                yield key, REQUIRED
                continue
            example = {"exponential": {"initial": "1s"}}.get(choice.tag, {})
            written = choice.model_validate(example).model_dump(by_alias=True)
            yield key, said(written[info.alias or name]) if (info.alias or name) in written else NOT_GIVEN


def distribution_keys() -> Iterator[tuple[str, str]]:
    """Yield the distributions."""
    for name in DISTRIBUTION_FORMS:
        yield f"DISTRIBUTION.{name}", REQUIRED


def fault_keys() -> Iterator[tuple[str, str]]:
    """Yield verbs and other keys of a fault, with the defaults that each verb fills in."""
    for verb in faults.VERBS:
        yield f"faults.{verb}", REQUIRED
    written = [
        faults.Fault.model_validate({verb: "ivr", "at": "1s", "for": "1s"}).model_dump(by_alias=True)
        for verb in faults.VERBS
        if verb != "reload"
    ]
    for key in faults.Fault.known_keys():
        if key in {"verb", "target"}:
            continue
        found = {said(each[key]) for each in written if key in each and key not in {"at", "for"}}
        yield f"faults.{key}", found.pop() if found else NOT_GIVEN


def documented_defaults() -> dict[str, str]:
    """Return every key that a scenario can have with its default, from the models."""
    data = Scenario.of(SMALLEST).data()
    client = {key: value for key, value in data["clients"]["ivr"].items() if key != "on StasisStart"}
    asterisk = {**data["asterisk"], "http": A_FILE, "ari": A_FILE, "websocket_client": A_FILE}
    source = {**data["calls"][0], "name": "the value of to"}
    keys = {
        **dict(plain_keys("", Scenario, data)),
        **dict(plain_keys("asterisk.", Asterisk, asterisk)),
        **dict(plain_keys("clients.", Client, client)),
        **dict(tagged_keys("clients.on EVENT.", ACTIONS)),
        **dict(tagged_keys("clients.reconnect.", POLICIES, reconnect.Retrying)),
        **dict(plain_keys("clients.reconnect.POLICY.", reconnect.Retrying, client["reconnect"]["constant"])),
        **dict(plain_keys("calls.", Calls, source)),
        **dict(plain_keys("calls.keys.", Keys, {"repeat": "none"})),
        **dict(plain_keys("calls.redial.", Redial, {})),
        **dict(tagged_keys("calls.arrivals.", ARRIVALS)),
        **dict(distribution_keys()),
        **dict(fault_keys()),
        **dict(plain_keys("run.", Run, {key: value for key, value in data["run"].items() if key != "duration"})),
        "x-NAME": NOT_GIVEN,
    }
    keys["clients.on EVENT"] = said(data["clients"]["ivr"]["on StasisStart"])
    del keys["clients.on"]
    for part in ("clients", "calls", "faults", "expect", "fallback"):
        keys[part] = {"clients": "{}"}.get(part, "[]")
    keys["title"] = '""'
    return keys


class Entry(NamedTuple):
    """What docs/scenario.md says of one key."""

    default: str
    examples: tuple[str, ...]
    text: str


def entries() -> dict[str, Entry]:
    """Return what docs/scenario.md says, by key."""
    found = {}
    for section in re.split(r"^(?=###? )|^(?=#### )", read("docs/scenario.md"), flags=re.MULTILINE):
        heading = re.match(r"#{3,4} `([^`]+)`\n", section)
        if heading is None:
            continue
        flat = " ".join(section.split())
        default = re.search(r"Default: `([^`]+)`\.", flat)
        words = {
            "Required.": REQUIRED,
            "Default: not given.": NOT_GIVEN,
            "Default: none, it takes no value.": NO_VALUE,
            "Default: the file below.": A_FILE,
        }
        value = default[1] if default else next((words[word] for word in words if word in flat), "?")
        found[heading[1]] = Entry(value, tuple(re.findall(r"^Example: `(.+)`$", section, re.MULTILINE)), section)
    return found


ENTRIES: Final = entries()


def test_every_key_is_documented_with_its_default() -> None:
    """docs/scenario.md has each key that a scenario can have, with the default that it has, and no other key."""
    assert {key: entry.default for key, entry in ENTRIES.items()} == documented_defaults()


def test_the_default_files_are_shown() -> None:
    """What a scenario has that names no http.conf and its like stands in docs/scenario.md as it is."""
    assert DEFAULT_HTTP.content in ENTRIES["asterisk.http"].text
    assert DEFAULT_ARI.content in ENTRIES["asterisk.ari"].text
    assert DEFAULT_WEBSOCKET_CLIENT.content in ENTRIES["asterisk.websocket_client"].text


def choices(model: type[Strict], prefix: str) -> Iterator[tuple[str, Any]]:
    """Yield the words that a key may have."""
    for name, info in model.model_fields.items():
        for part in [info.annotation, *get_args(info.annotation)]:
            if get_origin(part) is Literal:
                yield from ((f"{prefix}{info.alias or name}", word) for word in get_args(part))


@pytest.mark.parametrize(
    ("model", "prefix"),
    [
        (Asterisk, "asterisk."),
        (Client, "clients."),
        (reconnect.Retrying, "clients.reconnect.POLICY."),
        (Calls, "calls."),
        (faults.Fault, "faults."),
        (Run, "run."),
    ],
)
def test_every_word_that_a_key_may_have_is_named(model: type[Strict], prefix: str) -> None:
    """A key that takes one of several words names them all."""
    for key, word in choices(model, prefix):
        if key != "faults.verb":
            assert f"`{word}`" in ENTRIES[key].text, f"{key}: {word}"


def test_every_parameter_of_a_distribution_is_named() -> None:
    """Each distribution names its parameters."""
    for name, schema in DISTRIBUTION_FORMS.items():
        for form in schema.get("anyOf", [schema]):
            for parameter in form.get("properties", ()):
                assert f"`{parameter}`" in ENTRIES[f"DISTRIBUTION.{name}"].text


def test_every_reason_unit_and_operator_is_named() -> None:
    """Reasons of a hangup, units and operators are complete."""
    page = read("docs/scenario.md")
    for reason in get_args(doing.HangupReason):
        assert f"`{reason}`" in ENTRIES["clients.on EVENT.hangup"].text
    for word in (*DURATIONS, *(f"/{unit}" for unit in RATE_UNITS), *OPERATORS):
        assert f"`{word}`" in page


@pytest.fixture(scope="module")
def beside(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the files that examples name."""
    folder = tmp_path_factory.mktemp("beside")
    (folder / "asterisk").symlink_to(ROOT / "scenarios" / "asterisk")
    (folder / "arrivals.csv").write_text("call,arrived_s\n1,0.5\n2,12.25\n", "utf-8")
    (folder / "outages.csv").write_text("60\n600\n", "utf-8")
    return folder


@pytest.mark.parametrize("key", ENTRIES)
def test_every_key_has_an_example_that_loads(key: str, beside: Path) -> None:
    """The example of each key is taken by a scenario, where it belongs."""
    assert ENTRIES[key].examples, f"no example for {key}"
    for example in ENTRIES[key].examples:
        value = parse(example, "the example").data
        data: dict[str, Any] = copy.deepcopy(SMALLEST)
        part = key.partition(".")[0]
        if part == "asterisk" and key != part:
            data["asterisk"] |= value
        elif part in {"clients", "DISTRIBUTION"} and key != part:
            data["clients"]["ivr"] = data["clients"]["ivr"] | value
        elif part == "calls" and key != part:
            data["calls"] = [data["calls"][0] | value]
        elif part == "faults" and key != part:
            data["faults"] = [value]
        else:
            data |= value
        Scenario.of({name: part for name, part in data.items() if not name.startswith("x-")}, base=beside)
        assert key.rpartition(".")[2].split()[-1] in example or key.endswith(("EVENT", "NAME"))


# ---- docs/semantics.md against the profiles --------------------------------------


def shown(value: object) -> str:
    """Return a rule's value as the table shows it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, frozenset):
        return "".join(value) if len(value) == 1 else str(len(value) or "none")
    return textwrap.shorten(re.sub("[+~]", " ", str(value)), 20, placeholder="")


def evidence(text: str) -> str:
    """Return what shows a rule: recordings as code, a quotation by its source."""
    parts = [part.strip() for part in re.split(r"[;,] ", re.sub(r'"[^"]*"', "the document", text))]
    return ", ".join(f"`{part}`" if re.fullmatch(r"[a-z0-9-]+", part) else part for part in parts)


def rules() -> str:
    """Return the part of docs/semantics.md that the profiles decide."""
    notes = {
        f"{part}{name}": note
        for part, kind in {"": Profile, "dialplan.": DialplanRules, "access.": AccessRules}.items()
        for name, note in re.findall(r"^    (\w+): (.*(?:\n {8}.*)*)", inspect.getdoc(kind) or "", re.MULTILINE)
    }
    lines = [
        "",
        "| rule | `documented` | `asterisk-16` | `asterisk-22` | shown by |",
        "|---|---|---|---|---|",
        *(
            f"| `{rule.field}` | {shown(rule.documented)} | {shown(rule.asterisk_16)} | {shown(rule.asterisk_22)} "
            f"| {evidence(rule.evidence)} |"
            for rule in RULES
        ),
        "",
    ]
    for rule in RULES:
        note = " ".join(notes[rule.field].split())
        lines += textwrap.wrap(f"- `{rule.field}`: {note}", WIDTH - 2, subsequent_indent="  ", break_long_words=False)
    return "\n".join([*lines, "", ""])


def test_every_rule_of_the_profiles_is_in_the_semantics() -> None:
    """docs/semantics.md has each rule in which the profiles differ, with its values and what shows it."""
    page = read("docs/semantics.md")
    block = re.search(r"(?<=<!-- rules -->\n).*?(?=<!-- /rules -->)", page, re.DOTALL)
    assert block is not None
    if REFRESH:
        (DOCS / "semantics.md").write_text(page[: block.start()] + rules() + page[block.end() :], "utf-8")
        return
    assert block[0] == rules(), "REFRESH_DOCS=1 writes it anew"


def test_every_recording_that_the_documents_cite_is_there() -> None:
    """A recording that a document cites lies in tests/recordings."""
    there = {path.stem for path in RECORDINGS.glob("*/*.json")}
    for page in CITING:
        cited = re.findall(r"\(((?:`[a-z0-9]+(?:-[a-z0-9]+)*`(?:,\s+)?)+)\)", page.read_text("utf-8"))
        names = {name for group in cited for name in re.findall(r"`([a-z0-9-]+)`", group)}
        assert names <= there, f"{page.name}: {sorted(names - there)}"


def test_the_page_of_semantics_names_what_a_dialplan_may_use() -> None:
    """All applications and functions of the model, each once, and no others."""
    _, _, section = read("docs/semantics.md").partition("## What of a dialplan is modelled\n")
    listed = [re.findall(r"`(\w+)`", part) for part in section.split("\n\n")[1:5:2]]
    functions = sorted(READERS.keys() | WRITERS.keys())
    assert listed == [sorted((name for name, _ in APPLICATIONS.values()), key=str.lower), functions]


# ---- all pages -------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_pages_are_narrow_and_their_links_lead_somewhere(page: Path) -> None:
    """No line is wider than 120 characters, and every link to a file or a heading finds it."""
    text = page.read_text("utf-8")
    assert not [line for line in text.splitlines() if len(line) > WIDTH]
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith("https://"):
            continue
        path, _, anchor = target.partition("#")
        file = page.parent / path if path else page
        assert file.exists(), f"{page.name}: {target}"
        if anchor:
            assert anchor in anchors(file.read_text("utf-8")), f"{page.name}: {target}"


def anchors(text: str) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_make_targets_in_the_documents_exist() -> None:
    """Every `make TARGET` that a document names is in the Makefile."""
    targets = set(re.findall(r"^([a-z-]+):", read("Makefile"), re.MULTILINE))
    for page in PAGES:
        named = set(re.findall(r"(?:`|^)make ([a-z-]+)", page.read_text("utf-8"), re.MULTILINE))
        assert named <= targets, f"{page.name}: {sorted(named - targets)}"


def test_every_command_is_documented() -> None:
    """README.md names every command of stasis-sim."""
    commands = {command.name or command.callback.__name__ for command in app.registered_commands if command.callback}
    assert commands <= set(re.findall(r"`stasis-sim ([a-z-]+)", read("README.md")))


def test_the_changelog_has_this_version() -> None:
    """CHANGELOG.md has an entry for the version of the package."""
    assert f"## [{__version__}]" in read("CHANGELOG.md")


# ---- commands and what they print ------------------------------------------------

VARYING: Final = re.compile(
    r"^results:.*\n(?:  results/.*\n)*|^again: .*\n|digest [0-9a-f]{16}| in [0-9.]+s\b", re.MULTILINE
)
"""What says where files lie, how to repeat a run, how long it took, or no more than that something has changed."""

BLOCK: Final = re.compile(
    r"^(?:[^\n]*? as `(?P<file>[^`\n]+)`:\n\n)?```(?P<kind>sh|python|yaml|ini)\n(?P<code>.*?)^```\n"
    r"(?:\n```text\n(?P<printed>.*?)^```\n)?",
    re.MULTILINE | re.DOTALL,
)
"""A fenced block: a file to write where the line before it ends in "as `FILE`:", commands, or Python; what they print
may follow as a block of text."""


def execute(kind: str, code: str, folder: Path) -> str:
    """Return what commands or a program print."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    arguments = [sys.executable, "-c", code] if kind == "python" else ["sh", "-euc", code]
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT), "COLUMNS": "80", "MPLBACKEND": "agg"}
    done = subprocess.run(
        arguments, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=240
    )
    assert done.returncode == 0, f"{code}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def follow(page: Path, folder: Path) -> None:
    """Do what a page says, in a folder with the shipped scenarios, and hold what it shows against what comes."""
    (folder / "scenarios").symlink_to(ROOT / "scenarios")
    (folder / "tests").symlink_to(ROOT / "tests")
    text = page.read_text("utf-8")
    fresh = text
    for block in BLOCK.finditer(text):
        if block["file"]:
            (folder / block["file"]).parent.mkdir(parents=True, exist_ok=True)
            (folder / block["file"]).write_text(block["code"], "utf-8")
        elif block["kind"] in {"sh", "python"} and not re.search(r"^(make|git|python3) ", block["code"], re.MULTILINE):
            came = execute(block["kind"], block["code"], folder)
            printed = block["printed"]
            if printed is None:
                continue
            if REFRESH:
                fresh = fresh.replace(f"```text\n{printed}```", f"```text\n{came}```", 1)
            else:
                assert VARYING.sub("", came) == VARYING.sub("", printed), "REFRESH_DOCS=1 writes it anew"
    if REFRESH:
        page.write_text(fresh, "utf-8")


@pytest.mark.slow
@pytest.mark.parametrize(
    "page", ["README.md", "docs/tutorial.md", "docs/experiments.md", "docs/pictures.md", "docs/python.md"]
)
def test_what_the_pages_tell_one_to_do_works(page: str, tmp_path: Path) -> None:
    """Every command and program of these pages runs, and prints what the page shows."""
    follow(ROOT / page, tmp_path)


def test_the_demo_is_shown() -> None:
    """README.md shows what `make demo` prints, between two marks."""
    block = re.search(r"(?<=<!-- demo -->\n).*?(?=<!-- /demo -->)", read("README.md"), re.DOTALL)
    command = re.search(r"^demo:.*\n\t\$\(BIN\)/(.*)$", read("Makefile"), re.MULTILINE)
    assert block is not None
    assert command is not None
    assert f"```sh\n{command[1]}\n```\n\n```text\n" in block[0]
