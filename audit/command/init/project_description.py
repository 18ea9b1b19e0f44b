"""`audit init`: read a project that nobody described, and describe it."""

from dataclasses import replace
from pathlib import Path

from audit import reading as source
from audit.command.init.inference import Inferred, infer
from audit.command.init.target_file_writer import NAME, rendered, write
from audit.reading.kiro.spec_files import specs_found
from audit.target.target_file import Target, TargetError, load_target


def initialise(directory: Path, *, force: bool = False) -> tuple[Path, Inferred]:
    """Write the target file of a project, from its source alone. Its path, and what it holds.

    Raises TargetError when `directory` is none, or holds a target file and `force` is not given.
    """
    if not directory.is_dir():
        msg = f"{directory}: not a directory"
        raise TargetError(msg)
    root = directory.resolve()
    if not force and (root / NAME).exists():
        msg = f"{directory / NAME}: already there; --force replaces it"
        raise TargetError(msg)
    facts = source.collect(Target(root.name, root))
    inferred = replace(infer(facts), specs=specs_found(root))
    path = write(directory, rendered(root.name, inferred), force=force)
    load_target(path)
    return path, inferred
