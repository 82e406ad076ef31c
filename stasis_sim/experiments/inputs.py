"""All that decides the results of a scenario: named by a digest, held fast while it is run, and found again later.

A scenario names Asterisk's files, and these include others. Before anything is simulated all of them are read, so
that a worker on another machine has them, and a file that is edited meanwhile changes nothing.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import platform
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Final

from stasis_sim import __version__
from stasis_sim.conf.syntax import IncludedFile, read
from stasis_sim.experiments.results import Json
from stasis_sim.scenario import Scenario
from stasis_sim.scenario.faults import RELOADED
from stasis_sim.scenario.files import CONF_FILES, ConfFile

_DIGEST_DIGITS: Final = 16

_HOME: Final = Path(__file__).parent.parent
MODEL: Final = ("conf", "handoff", "observe", "openloop", "scenario", "simulated")
"""Folders of the package whose code results come from, beside randomness.py."""

_NO_PART: Final = frozenset({"run.seed", "run.record", "run.engine", *(f"asterisk.{key}" for key in CONF_FILES)})
"""Keys that change no measure, or are held by themselves: the seed, and Asterisk's files with all that they include."""

_SAID: Final = re.compile(r"^(Name|Version): *(.*\S)", re.MULTILINE)


def hold(scenario: Scenario) -> Scenario:
    """Return a scenario that has in hand what its .conf files include."""
    return _with_includes(scenario, {name: read(file).included for name, file in _conf_files(scenario).items()})


def _with_includes(scenario: Scenario, included: Mapping[str, Mapping[str, Sequence[IncludedFile]]]) -> Scenario:
    held = {name: replace(file, included=included.get(name, {})) for name, file in _conf_files(scenario).items()}
    asterisk = scenario.asterisk.model_copy(update={key: held[f"{key}.conf"] for key in CONF_FILES})
    faults = tuple(
        fault.model_copy(update={key: held[name] for key in RELOADED if (name := _reload(number, key)) in held})
        for number, fault in enumerate(scenario.faults)
    )
    return scenario.model_copy(update={"asterisk": asterisk, "faults": faults})


def _conf_files(scenario: Scenario) -> dict[str, ConfFile]:
    """Return Asterisk's files and those that it reads again later, by name."""
    files = {f"{key}.conf": getattr(scenario.asterisk, key) for key in CONF_FILES}
    files |= {
        _reload(number, key): getattr(fault, key) for number, fault in enumerate(scenario.faults) for key in RELOADED
    }
    return {name: file for name, file in files.items() if file is not None}


def _reload(fault: int, key: str) -> str:
    return f"faults.{fault}.{key}"


def conf_texts(scenario: Scenario) -> dict[str, str]:
    """Return the texts of Asterisk's files and of what they include, by name."""
    texts = {}
    for name, file in _conf_files(scenario).items():
        texts[name] = file.content
        for files in read(file).included.values():
            texts |= {f"{name}: {each.name}": each.text for each in files}
    return texts


def scenario_digest(scenario: Scenario) -> str:
    """Return the name of all that decides the results: equal inputs, equal name."""
    texts = conf_texts(scenario)
    parts = [model_version(), str(scenario.run.seed), scenario.digest_source().decode()]
    for name in sorted(texts):
        parts += [name, texts[name]]
    return digest(parts)


def digests(scenario: Scenario) -> dict[str, str]:
    """Return a digest of each part of a scenario that decides its measures, beside the seed.

    Returns:
        By key, such as ``faults.0`` or ``run.duration``, and by file, such as ``extensions.conf``.
    """
    found: dict[str, str] = {}
    for key, value in json.loads(scenario.digest_source()).items():
        inner = value.items() if isinstance(value, dict) else enumerate(value)
        found |= {f"{key}.{name}": json.dumps(each, sort_keys=True) for name, each in inner}
    found |= conf_texts(scenario)
    return {name: digest([text]) for name, text in sorted(found.items()) if name not in _NO_PART}


def digest(parts: Sequence[str]) -> str:
    """Name a list of texts."""
    whole = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogateescape")  # a file of Asterisk's need not be UTF-8
        # With its length before it no part can pass for two.
        whole.update(b"%d:" % len(data) + data)
    return whole.hexdigest()[:_DIGEST_DIGITS]


@cache
def model_version() -> str:
    """Return what names this very model: the version, and a digest of the code that results come from.

    Results of an older model are then never taken for those of this one.
    """
    code = hashlib.sha256()
    for file in model_files():
        code.update(file.relative_to(_HOME).as_posix().encode() + b"\0" + file.read_bytes())
    return f"{__version__}+{code.hexdigest()[:12]}"


def model_files() -> list[Path]:
    """Return the files of the code that results come from, in a fixed order."""
    return [_HOME / "randomness.py", *(file for folder in MODEL for file in sorted((_HOME / folder).rglob("*.py")))]


@cache
def installed() -> dict[str, str]:
    """Return the versions of all packages.

    Of their descriptions only the head is looked at: Python would parse each as a mail, which takes longer than a run.
    """
    found = {}
    for each in importlib.metadata.distributions():
        head = (each.read_text("METADATA") or each.read_text("PKG-INFO") or "").partition("\n\n")[0]
        said = dict(_SAID.findall(head))
        if {"Name", "Version"} <= said.keys():
            found[said["Name"]] = said["Version"]
    return dict(sorted(found.items()))


_BORDERS: Final = re.compile(r"""([=,\[\]{}"'\s])""")
"""What may stand before and behind a path within a word, as in ``asterisk={extensions: /srv/extensions.conf}``."""


def portable(word: str) -> str:
    """Return a word of a command without the folders of this machine, as results are handed on.

    An absolute path below the working directory becomes relative to it, of any other only the last name is left.
    """
    return _from_here(word) if Path(word).is_absolute() else "".join(map(_from_here, _BORDERS.split(word)))


def _from_here(word: str) -> str:
    path, here = Path(word), Path.cwd()
    if not path.is_absolute():
        return word
    return str(path.relative_to(here)) if path.is_relative_to(here) else path.name


def provenance(scenario: Scenario, command: Sequence[str]) -> Json:
    """Return how results came about: all that is needed to repeat them. It differs from machine to machine.

    Args:
        scenario: The scenario as run.
        command: What the user typed; see :func:`portable`.
    """
    includes = {
        name: {pattern: [file.name for file in files] for pattern, files in read(file).included.items()}
        for name, file in _conf_files(scenario).items()
    }
    return {
        "command": list(map(portable, command)),
        "model": model_version(),
        "seed": scenario.run.seed,
        "name": scenario.name,
        "story": scenario.story,
        "scenario": scenario.data(inline=True),
        "files": dict(sorted(conf_texts(scenario).items())),
        "includes": {name: patterns for name, patterns in includes.items() if patterns},
        "python": sys.version,
        "platform": f"{platform.system()} {platform.release()} {platform.machine()}",
        "packages": installed(),
    }


def restore(content: Json) -> Scenario:
    """Return the scenario that a provenance tells of, with all its files in hand.

    Raises:
        InputError: This version does not know a key of it any more.
        KeyError: It is no provenance.
    """
    texts = content["files"]
    included = {
        name: {
            pattern: [IncludedFile(each, texts[f"{name}: {each}"]) for each in names]
            for pattern, names in patterns.items()
        }
        for name, patterns in content["includes"].items()
    }
    return _with_includes(Scenario.of(content["scenario"], name=f"{content['name']}.yaml"), included)
