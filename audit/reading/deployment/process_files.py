"""Long-running processes that the target's process files start, and what starts each again when it dies."""

import posixpath
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from fnmatch import fnmatch
from typing import TYPE_CHECKING

from audit.model.facts import BROUGHT_BACK, Process
from audit.model.findings import Excerpt
from audit.model.test_files import STARTED_FOR_TESTS
from audit.model.word_tables import word_set
from audit.reading.deployment.called_scripts import as_called, exclusive, replaced
from audit.reading.deployment.command_line import Line
from audit.reading.deployment.command_wrappers import program_name, unwrapped
from audit.reading.deployment.docker_runs import Container, container_of
from audit.reading.deployment.dockerfiles import read_dockerfile, read_image
from audit.reading.deployment.entry_scripts import called_script, entry_of_images
from audit.reading.deployment.file_references import Around
from audit.reading.deployment.file_templates import Template, read_template
from audit.reading.deployment.makefile_targets import recipe_of
from audit.reading.deployment.process_kinds import is_bare_script, is_makefile, kind_of, may_be_one
from audit.reading.deployment.process_runs import SHELLS, Run, ends_with
from audit.reading.deployment.procfiles import read_procfile
from audit.reading.deployment.project_scripts import project_command
from audit.reading.deployment.python_programs import points_of, program_of, read_program
from audit.reading.deployment.restarts import settled
from audit.reading.deployment.service_folders import read_service
from audit.reading.deployment.shell_lasting import hides_failure
from audit.reading.deployment.started_programs import Started, further, started
from audit.reading.deployment.stop_orders import StopOrder
from audit.reading.deployment.unit_files import read_circus, read_makefile, read_supervisor, read_systemd
from audit.reading.deployment.unread_starts import unnamed_starts, unread_starts
from audit.reading.source_files import Source, Tree

if TYPE_CHECKING:
    from audit.reading.deployment.shell_scripts import Command

_LANGUAGES = {
    "shell": "bash",
    "supervisor": "ini",
    "circus": "ini",
    "systemd": "ini",
    "compose": "yaml",
    "render": "yaml",
    "procfile": "procfile",
    "dockerfile": "dockerfile",
    "kubernetes": "yaml",
    "makefile": "makefile",
    "folder": "bash",
}

_QUESTION = re.compile(r"(?m)^\s*(?:(?:if|while|until)\s+)?!?\s*read\s+[^\n|<]*-[a-zA-Z]*p\b|^\s*select\s+\w+\s+in\b")
# What runs a command that another file holds.
_RUNNERS = word_set("task go-task just npm yarn pnpm invoke inv tox nox rake mise doit")


def read_processes(tree: Tree, declared: tuple[str, ...]) -> tuple[Process, ...]:
    """Processes of the declared files, or of those with a usual name, in the order of the files."""
    around = Around(tree)
    found = _read(around, [p for p in _chosen(tree, declared) if declared or may_be_one(p)], declared=bool(declared))
    # What a developer types is no way to start a system, unless nothing else is.
    typed = [] if declared else [p for p in tree.paths if is_makefile(p) or is_bare_script(p, around)]
    if all(process.role == "other" and process.unknown_words for process in found):
        found += _read(around, typed, declared=False)
    tree.unread += unnamed_starts(around, declared) if declared else unread_starts(tree, _kinds(around), found)
    if any({"worker", "beat"} & {*process.role.split("+")} for process in found):
        return tuple(found)
    # Nor does an entry point say who calls it.
    return (*found, *settled([run for run in _points(around) if run.process], around))


def _kinds(around: Around) -> dict[str, str]:
    chosen = [source for path in around.tree.paths if may_be_one(path) and (source := around.source(path))]
    return {source.path: kind_of(_template(source, around).source, declared=False) for source in chosen}


def _template(source: Source, around: Around) -> Template:
    def value_of(expression: str) -> str | None:
        from audit.reading.deployment.template_values import value_of  # noqa: PLC0415  YAML is loaded where a template is found

        return value_of(expression, source.path, around)

    return read_template(source, value_of)


def _points(around: Around) -> Iterator[Run]:
    """What the console scripts of the target start of Celery, where nothing of it runs them."""
    for name, point in points_of(around).items():
        if STARTED_FOR_TESTS & set(re.split(r"[^a-z0-9]+", f"{point.source.path} {point.module}".lower())):
            continue
        doubt = f"rien de ce qui a été lu ne dit qui lance `{name}`, ni qui le relance"
        line = Line(name, point.line, point.line, "", doubt=doubt, copies=None)
        excerpt = point.source.excerpt(point.line, point.line, "text")
        run = Run("point", line, (name,), "", excerpt)
        celery = (r for r in _programmed(run, around) or () if r.process and r.process.role not in {"web", "other"})
        yield from celery


def _read(around: Around, paths: list[str], *, declared: bool) -> list[Process]:
    found: list[Run] = []
    tree = around.tree
    for path in paths:
        source = around.source(path)
        template = _template(source, around) if source else None
        kind = kind_of(template.source, declared=declared) if template else ""
        if source and template and kind:
            try:
                runs = _runs(source, template, kind, around, frozenset(paths))
                found += [one for run in runs for one in (run, *_beside(run))]
            except (ValueError, RecursionError) as error:
                reason = str(error).splitlines()[0] if str(error) else type(error).__name__
                tree.unread.append((source.path, f"fichier de processus illisible : {reason}"))
        elif source and declared:
            tree.unread.append((source.path, "fichier de processus d'un genre inconnu"))
    scripts = [s for path in paths if (s := around.source(path)) and kind_of(s, declared=declared) == "shell"]
    found = replaced(as_called(found, scripts, around, _of_script))
    return settled([run for run in found if not _is_instead(run, found)], around)


def _of_script(script: Source, line: Line, command: "Command") -> Run:
    return _run("shell", line, command, script.excerpt(*command.lines, "bash"))


def _beside(run: Run) -> Iterator[Run]:
    """The other workers of a command that starts several."""
    if run.process:
        for what in further(run.words):
            process = replace(run.process, role=what.role, options=what.options, unknown_words=what.unknown)
            yield replace(run, process=process)


def _is_instead(run: Run, found: Sequence[Run]) -> bool:
    """Whether a service that only a profile starts stands beside one of its role that always is."""
    if not run.line.optional or run.process is None:
        return False
    roles = {r.process.role for r in found if r.process and r.path == run.path and not r.line.optional}
    return run.process.role in roles


def _chosen(tree: Tree, declared: tuple[str, ...]) -> list[str]:
    if not declared:
        return tree.paths
    chosen = [p for p in tree.paths if any(fnmatch(p, glob) or p == glob for glob in declared)]
    for glob in declared:
        if not any(fnmatch(p, glob) or p == glob for p in tree.paths):
            tree.unread.append((glob, "aucun fichier de processus ne correspond"))
    return chosen


def _runs(source: Source, template: Template, kind: str, around: Around, read: frozenset[str]) -> Iterator[Run]:
    for written in (w for w in _READERS[kind](template.source, around) if w.first not in template.dropped):
        line = replace(
            written,
            copies=None if written.first in template.repeated else written.copies,
            optional=written.optional or written.first in template.chosen,
        )
        excerpt = source.excerpt(line.first, line.last, _LANGUAGES[kind])
        if line.builds or line.image:
            yield Run(kind, line, (), line.restart, excerpt)
        met: list[Run] = []
        for command in _commands(line, kind, around):
            run = _run(kind, line, command, source.excerpt(*command.lines, "bash") if kind == "shell" else excerpt)
            run = exclusive(run, met)
            met.append(run)
            if line.of_image and run.process is None:
                run = replace(run, line=replace(line, entry=entry_of_images(run.words, line.of_image, around)))
            if run.line.entry and run.process is None:
                image = around.source(run.line.entry)
                run = replace(run, called=(*read_image(image, line.target).entrypoint, *run.words) if image else ())
            programmed = _programmed(run, around) if run.process is None or run.process.role == "other" else None
            if programmed:
                yield replace(run, process=None)
                yield from programmed
                continue
            yield run
            if programmed is not None:
                continue
            if run.process is None and [program_name(word) for word in unwrapped(run.words)[:1]] == ["make"]:
                yield from _made(run, around)
            elif kind != "shell" and run.process is None:
                yield from _handed(run, around, read)


def _handed(run: Run, around: Around, read: frozenset[str]) -> Iterator[Run]:
    """What a script starts of the words that it is given (`exec "$@"`), or one that is read under no name of its own."""
    words = unwrapped(run.words)
    named = project_command(words, around)
    runner = words and program_name(words[0]) in _RUNNERS and run.kind in {"compose", "kubernetes", "procfile"}
    if not named and runner and re.search(r"celery|worker|beat|queue|schedul|tasks\b", " ".join(words[1:])):
        reason = f"fichier de processus dont la commande, `{' '.join(words)}`, est celle d'un lanceur qui n'est pas lu"
        around.tree.unread.append((run.path, reason))
    if named:
        yield from _named(run, named)
        return
    script = called_script(words, around, run.path if run.kind == "dockerfile" else run.line.entry)
    if script is None:
        if words and _is_own_script(words, run):
            reason = f"fichier de processus dont le programme, `{words[-1]}`, n'a pas été trouvé"
            around.tree.unread.append((run.path, reason))
        return
    # A file that is read by itself, under its own name, tells what it starts.
    apart = script.path not in read or not any(word.endswith(posixpath.basename(script.path)) for word in words)
    if not apart and not re.search(r"\$[{]?[@*]", script.text):
        return
    from audit.reading.deployment.shell_scripts import read_commands  # noqa: PLC0415  as below

    arguments = words[2:] if words[0].rpartition("/")[2] in SHELLS else words[1:]
    commands = read_commands(script.text, run.line.variables, arguments, around=around)
    for command in commands:
        what = started(command.words, lasting=False)
        if what and (apart or ends_with(arguments, command.words)):
            process = _process(what, command.words, run.restart, run.excerpt)
            yield replace(run, words=command.words, process=process, handed=command, script=script.text)
            return
    # It may run another, by a name that it makes of what it is given.
    line = Line(script.text, 1, len(script.lines), "")
    for command in commands if apart and script.path not in read else ():
        if called_script(unwrapped(command.words), around):
            excerpt = script.excerpt(*command.lines, "bash")
            yield Run("shell", line, command.words, "", excerpt, command.unseen, command=command)


def _named(run: Run, text: str) -> Iterator[Run]:
    """What a name of `pyproject.toml` starts."""
    from audit.reading.deployment.shell_scripts import read_commands  # noqa: PLC0415  as below

    for command in read_commands(text, run.line.variables):
        what = started(command.words, lasting=False)
        if what:
            process = _process(what, command.words, run.restart, run.excerpt)
            yield replace(run, words=command.words, process=process, handed=command, script=text)


def _programmed(run: Run, around: Around) -> list[Run] | None:
    """What a program of the target in Python starts; None for a command that runs none."""
    words = unwrapped(run.words)
    program = program_of(words, around)
    if program is None:
        return None
    script = read_program(program, around)
    from audit.reading.deployment.shell_scripts import read_commands  # noqa: PLC0415  as below

    found = []
    for command in read_commands(script.text, run.line.variables, program.arguments) if script.lines else ():
        what = started(command.words, lasting=False)
        if what:
            process = _process(what, command.words, "" if command.unseen else run.restart, run.excerpt)
            place = script.place(command.lines[0])
            source = around.source(place[0]) if place else None
            code = source.excerpt(*place[1:]) if source and place else None
            process = replace(process, code=code)
            found.append(replace(run, words=command.words, process=process, handed=command, script=script.text))
    if script.blind and not found and run.kind != "point" and not _asks_somebody(run, around):
        reason = f"fichier de processus dont le programme, `{words[0]}`, est un point d'entrée qui n'est pas suivi"
        # One of several commands of a service ends, or the service comes back with it.
        back = run.restart or (run.line.restart and not run.alone)
        around.tree.unread.append((run.path, reason + (f", {BROUGHT_BACK}" if back else "")))
        if run.restart:
            process = Process("other", " ".join(words), {}, run.restart, run.excerpt, unknown_words=tuple(words))
            found.append(replace(run, process=process))
    return found


def _asks_somebody(run: Run, around: Around) -> bool:
    """Whether a script asks a question of who types its name: it starts no system by itself."""
    source = around.source(run.path) if run.kind == "shell" else None
    return source is not None and _QUESTION.search(source.text) is not None


def _made(run: Run, around: Around) -> Iterator[Run]:
    """What `make` starts, by the recipe of its target."""
    words = unwrapped(run.words)
    recipe = recipe_of(words, around, run.line.variables)
    if recipe is None:
        if run.kind not in {"shell", "makefile"}:
            reason = f"fichier de processus dont le programme, `{' '.join(words)}`, n'a pas été trouvé"
            around.tree.unread.append((run.path, reason))
        return
    from audit.reading.deployment.shell_scripts import read_commands  # noqa: PLC0415  as below

    for command in read_commands(recipe.text, run.line.variables):
        what = started(command.words, lasting=False)
        if what:
            process = _process(what, command.words, run.restart, run.excerpt)
            yield replace(run, words=command.words, process=process, handed=command, script=recipe.text)


def _is_own_script(words: Sequence[str], run: Run) -> bool:
    """Whether a command runs one script, which an image of the target, or its own name, says to be the target's."""
    if len(words) > 1 and words[0].rpartition("/")[2] in SHELLS:
        return len(words) == 2 and words[1].endswith((".sh", ".bash"))
    built = run.kind == "dockerfile" or bool(run.line.entry)
    name = words[0]
    return len(words) == 1 and (
        name.endswith((".sh", ".bash")) or (built and name.startswith(("/", "./")) and "bin/" not in name)
    )


def _run(kind: str, line: Line, command: "Command", excerpt: Excerpt) -> Run:
    container = container_of(command.words)
    if container:
        return _contained(kind, line, command, excerpt, container)
    what = started(command.words, command.lasting or kind != "shell")
    masked = line.on_failure and hides_failure(command.reached)
    alone = bool(what and what.detached and not line.forks) or command.unseen or masked
    restart = "" if alone or command.doubt else "loop" if command.loop else line.restart
    run = Run(kind, line, command.words, restart, excerpt, alone, command=command)
    if what is None:
        return run
    return replace(run, process=replace(_process(what, command.words, restart, excerpt), asleep=line.asleep))


def _contained(kind: str, line: Line, command: "Command", excerpt: Excerpt, container: Container) -> Run:
    """What `docker run` starts: Docker brings it back, or who runs it in the foreground."""
    restart = "docker" if container.restarts else "" if container.left else line.restart
    given = replace(
        line,
        user=container.user,
        memory=container.memory,
        host=container.host or f"conteneur {excerpt.path}:{excerpt.first_line}",
        variables={**line.variables, **container.variables},
        # Who stops it may give another delay than the container's own (`docker stop -t`).
        stop=StopOrder("Docker", container.grace, direct=True) if container.left else line.stop,
        image="" if container.words else container.image,
    )
    run = Run(kind, given, container.words, restart, excerpt, container.left and not restart, command=command)
    what = started(container.words, lasting=True)
    return replace(run, process=_process(what, container.words, restart, excerpt)) if what else run


def _process(what: Started, words: Sequence[str], restart: str, excerpt: Excerpt) -> Process:
    return Process(what.role, " ".join(words), what.options, restart, excerpt, unknown_words=what.unknown)


def _commands(line: Line, kind: str, around: Around) -> list["Command"]:
    from audit.reading.deployment.shell_scripts import read_commands  # noqa: PLC0415  the grammar is loaded where a command is found

    return read_commands(line.command, None if kind == "shell" else line.variables, around=around)


def _compose(source: Source, around: Around) -> Iterator[Line]:
    from audit.reading.deployment.compose_files import read_compose  # noqa: PLC0415  YAML is loaded where some is found

    return read_compose(source, around)


def _kubernetes(source: Source, around: Around) -> Iterator[Line]:
    from audit.reading.deployment.kubernetes_files import read_kubernetes  # noqa: PLC0415  as above

    return read_kubernetes(source, around)


def _render(source: Source, _: Around) -> Iterator[Line]:
    from audit.reading.deployment.compose_files import read_render  # noqa: PLC0415  as above

    return read_render(source)


def _script(source: Source, _: Around) -> Iterator[Line]:
    yield Line(source.text, 1, len(source.lines), "")


_READERS: dict[str, Callable[[Source, Around], Iterator[Line]]] = {
    "shell": _script,
    "supervisor": read_supervisor,
    "circus": read_circus,
    "systemd": read_systemd,
    "compose": _compose,
    "render": _render,
    "procfile": read_procfile,
    "dockerfile": read_dockerfile,
    "kubernetes": _kubernetes,
    "makefile": read_makefile,
    "folder": read_service,
}
