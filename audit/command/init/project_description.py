"""`audit init`: read a project that nobody described, and describe it."""

import os
from dataclasses import dataclass, replace
from pathlib import Path

from audit import reading as source
from audit.command.init.driver_skeleton import SYMBOL, skeleton, write_driver
from audit.command.init.inference import Inferred, infer
from audit.command.init.target_file_writer import NAME, rendered, write
from audit.reading.kiro.spec_files import specs_found
from audit.target.target_file import Target, TargetError, load_target


@dataclass(frozen=True)
class Described:
    """What was found, and the files that were written; a target file that was there already is not among them."""

    inferred: Inferred
    target_file: Path | None
    driver: Path | None = None


def initialise(directory: Path, *, force: bool = False, driver: bool = False) -> Described:
    """Write the target file of a project from its source alone, and the skeleton of its driver where it is asked for.

    Raises TargetError when `directory` is none, or holds a target file and neither `force` nor `driver` is given; with
    `driver`, when there is a driver already, or no Celery application.
    """
    if not directory.is_dir():
        raise TargetError(f"{directory}: not a directory")
    root = directory.resolve()
    described = os.path.lexists(root / NAME) and not force
    if described and not driver:
        raise TargetError(f"{directory / NAME}: already there; --force replaces it")
    facts = source.collect(Target(root.name, root))
    inferred = replace(infer(facts), specs=specs_found(root))
    written = write_driver(directory, skeleton(root.name, facts, inferred)) if driver else None
    if described:
        return Described(inferred, None, written)
    path = write(directory, rendered(root.name, inferred, SYMBOL if driver else ""), force=force)
    load_target(path)
    return Described(inferred, path, written)
