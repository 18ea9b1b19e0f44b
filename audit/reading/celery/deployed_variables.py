"""The variables that a deployment gives to the processes of Celery, where it gives one value."""

import re
from collections.abc import Sequence
from itertools import pairwise

from audit.model.desks import is_for_a_desk
from audit.model.facts import Process, Setting
from audit.model.unknown import UNKNOWN

# What starts an image, or what a developer types, is the same process as the one of another file.
_SAME = frozenset({"dockerfile", "makefile"})
_OF_BEAT = re.compile(r"(?i)beat|schedul")


def given_to_all(processes: Sequence[Process]) -> dict[str, str]:
    """Each variable with the text that all the workers and beats which are given it have; a desk's set aside."""
    found: dict[str, dict[str, None]] = {}
    for process in _of_celery(processes):
        for name, text in process.environment.items():
            found.setdefault(name, {})[text] = None
    told = {name: [text for text in texts if not is_for_a_desk(text)] or [*texts] for name, texts in found.items()}
    return {name: texts[0] for name, texts in told.items() if len(texts) == 1 and "$" not in texts[0]}


def read_in(processes: Sequence[Process]) -> dict[str, tuple[str | None, ...]]:
    """The texts of each variable in the processes whose settings it may change, None in one that is not given it.

    These are the workers; where none is given it, the beats have it as their own, if its name says so. One that comes from
    elsewhere (`${NAME}`) is nobody's.
    """
    celery = _of_celery(processes)
    own = [p for p in celery if p.excerpt.language not in _SAME] or celery
    workers = [p for p in own if "worker" in p.role] or own
    found: dict[str, tuple[str | None, ...]] = {}
    for name in dict.fromkeys(name for p in own for name in p.environment):
        given = workers if any(name in p.environment for p in workers) else own if _OF_BEAT.search(name) else []
        texts = dict.fromkeys(p.environment.get(name) for p in given if given is workers or name in p.environment)
        kept = [text for text in texts if not is_for_a_desk(text or "")] or [*texts]
        if kept and not any("$" in p.environment.get(name, "") for p in own):
            found[name] = tuple(kept)
    return found


# An option that takes the next word, and a word that is a setting.
_TAKING, _SETTING = re.compile(r"-[^-BDE]|--(?!without-|beat$|purge$|detach$)[\w-]+"), re.compile(r"[A-Za-z_.][\w.]*=")


def given_to_commands(processes: Sequence[Process]) -> dict[str, Setting]:
    """The settings that command lines give as words (`celery worker task.acks_late=1`): of one worker, and as text."""
    found: dict[str, Setting] = {}
    for process in _of_celery(processes):
        for word in _settings_in(process.command.split()):
            key = word.partition("=")[0].lower().replace(".", "_")
            name = f"worker{key}" if key.startswith("_") else key
            found[name] = Setting(name, UNKNOWN, process.excerpt)
    return found


def _settings_in(words: list[str]) -> list[str]:
    """The words after that of `worker` or `beat` that are settings."""
    named = next((n for n, word in enumerate(words) if word in {"worker", "beat"}), len(words))
    pairs = pairwise(words[named:])
    return [word for before, word in pairs if _SETTING.match(word) and not _TAKING.fullmatch(before)]


def _of_celery(processes: Sequence[Process]) -> list[Process]:
    return [p for p in processes if {"worker", "beat"} & {*p.role.split("+")}]
