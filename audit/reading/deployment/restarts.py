"""What brings a process back when its own file does not say: who runs its script, its image or its Procfile."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from audit.model.facts import Process
from audit.model.findings import Excerpt
from audit.model.probes import Probe
from audit.reading.deployment import shell_structure as shell
from audit.reading.deployment.command_wrappers import unwrapped
from audit.reading.deployment.dockerfiles import read_image
from audit.reading.deployment.entry_scripts import called_script
from audit.reading.deployment.file_references import Around
from audit.reading.deployment.image_names import is_of_a_server
from audit.reading.deployment.life_probes import probe_read
from audit.reading.deployment.process_runs import Run, runners
from audit.reading.deployment.python_programs import program_of
from audit.reading.deployment.received_stops import environment_of, stops_of
from audit.reading.deployment.shell_lasting import hides_failure
from audit.reading.deployment.start_orders import hosts_of, is_left_out_file, left_out_service, left_out_unit
from audit.reading.deployment.started_programs import empties, given_options
from audit.reading.source_files import Source

_EMPTIES = re.compile(r"\bcontrol\.purge\b|\bdiscard_all\b|\bqueue_purge\b|\bqueue_delete\b|\bflushdb\b|\bflushall\b")
# A command of Django whose code is not here, and whose name says that it takes something away; `clearsessions` is Django's own.
_MAY_EMPTY = r"(?!clearsessions\b|flush\b)\S*(?:purge|flush|clear|drain|empty)"
_WATCHING = frozenset({"compose", "kubernetes", "systemd", "supervisor", "circus", "dockerfile", "render"})


@dataclass(frozen=True)
class _Answer:
    restart: str = ""
    doubt: str = ""
    copies: int | None = 1
    runner: Run | None = None


def settled(runs: Sequence[Run], around: Around) -> list[Process]:
    """The processes of these runs, each with what brings it back and what stops it, the runs of other files considered."""
    found = [(run, _settled(run, run.process, runs, around)) for run in runs if run.process]
    return [
        replace(_contained(run, process, runs, around), stops=stops_of(run, runs, around)) for run, process in found
    ]


def _contained(run: Run, process: Process, runs: Sequence[Run], around: Around) -> Process:
    """The same, with what is said of its container."""
    chains = _starting(run, runs, ())
    told = next((r for r in chains if r.line.probe and r.kind != "dockerfile"), None)
    probe = probe_read(told.line.probe, told.excerpt, around) if told and told.line.probe else _of_image(chains, around)
    environment = environment_of(chains, around)
    given = given_options(process.role, environment, process.options)
    options = {**given, **process.options}
    filtered, aside = watched_instead(chains)
    hosts = max((_hosts(one, around) for one in chains), default=1) if "beat" in process.role else 1
    return replace(
        process,
        copies=process.copies * hosts if process.copies else process.copies,
        asleep=process.asleep or next(filter(None, (_left_out(one, around) for one in chains)), ""),
        filtered=filtered,
        aside=aside,
        role="worker+beat" if process.role == "worker" and "beat" in options else process.role,
        options=options,
        probe=probe,
        mounts=tuple(mount for r in chains for mount in r.line.mounts),
        clears=tuple(word for r in chains for word in _cleared(f"{r.line.before}\n{r.line.command}\n{r.script}")),
        environment=environment,
        host=next((r.line.host for r in chains if r.line.host), ""),
        memory=next((r.line.memory for r in chains if r.line.memory), ""),
    )


def _left_out(run: Run, around: Around) -> str:
    """Why nothing starts what a file declares, in French, where scripts start others of its kind."""
    if run.kind == "systemd":
        return left_out_unit(_unit(run), around)
    if run.kind == "compose":
        return left_out_service(run.path, _service(run), around)
    return is_left_out_file(run.path, around) if run.kind == "kubernetes" else ""


def _hosts(run: Run, around: Around) -> int:
    if run.kind not in {"systemd", "compose"}:
        return 1
    return hosts_of(run.kind, _unit(run) if run.kind == "systemd" else _service(run), around)


def _unit(run: Run) -> str:
    return run.path.rpartition("/")[2].partition(".service")[0]


def _service(run: Run) -> str:
    named = re.match(r"\s*[\"']?([\w.-]+)[\"']?\s*:", run.excerpt.text)
    return named[1] if named else ""


def _of_image(chain: Sequence[Run], around: Around) -> Probe | None:
    """The probe of the image that a service of Docker builds, or that the process is of."""
    if any(run.kind in {"kubernetes", "procfile"} for run in chain):
        return None
    held = next(((r.line.built, r.line.target) for r in chain if r.line.built), None)
    held = held or next(((r.path, r.line.target) for r in chain if r.kind == "dockerfile"), ("", ""))
    source = around.source(held[0]) if held[0] else None
    image = read_image(source, held[1]) if source else None
    if source is None or image is None or image.probe is None:
        return None
    first = next((n for n, line in enumerate(source.lines, 1) if line.lstrip().upper().startswith("HEALTHCHECK")), 1)
    other = any(run.line.built == held[0] and run.line.command for run in chain)
    return probe_read(image.probe, source.excerpt(first, first, "dockerfile"), around, of_image=other)


def _starting(run: Run, runs: Sequence[Run], seen: tuple[str, ...]) -> tuple[Run, ...]:
    """A run, those that start its file, and those that start theirs."""
    found = [] if run.path in seen else runners(run, runs)
    return (run, *found, *(one for r in found for one in _starting(r, runs, (*seen, run.path))[1:]))


def _cleared(text: str) -> list[str]:
    """What a script removes."""
    removed = re.findall(r"(?m)(?:^|[;&|(]|\bthen\b|\bdo\b|['\"])\s*(?:/usr)?(?:/bin/)?rm\s+([^\n;&|]+)", text)
    return [word.strip("\"'") for words in removed for word in words.split()]


def _settled(run: Run, process: Process, runs: Sequence[Run], around: Around) -> Process:
    answer = _answer(run, runs, ())
    runner = answer.runner
    doubt = _doubt_of_twins(run, runs) or answer.doubt
    if run.kind == "dockerfile" and not (doubt or answer.restart or answer.runner or runners(run, runs)):
        # An image brings nothing back: who runs it may.
        doubt = f"rien de ce qui a été lu ne lance l'image de `{run.path}`, ni ne dit ce qui la relance"
    kind, emptying = _emptied(run, runs, (), around)
    return replace(
        process,
        restart="" if doubt else answer.restart,
        doubt=doubt,
        copies=answer.copies,
        runner=runner.excerpt if runner else None,
        user=(runner.line.user if runner else "") or run.line.user,
        built=(runner.line.built if runner else "") or run.line.built,
        empties=kind,
        emptying=emptying,
    )


def _doubt_of_twins(run: Run, runs: Sequence[Run]) -> str:
    """The doubt that a file leaves when it starts one command twice, once perhaps in a loop."""
    twins = [other for other in runs if other.path == run.path and other.words == run.words]
    bare = any(not twin.restart and not twin.doubt for twin in twins)
    if not bare or not any(map(_perhaps_in_a_loop, twins)):
        return ""
    return f"une boucle de `{run.path}` lance aussi ce worker, et ce qui l'y fait relancer ne se lit pas"


def _perhaps_in_a_loop(run: Run) -> bool:
    return run.restart == "loop" or bool(run.command and run.command.restart.doubt)


def _emptied(run: Run, runs: Sequence[Run], seen: tuple[str, ...], around: Around) -> tuple[str, Excerpt | None]:
    """What is emptied on the way to a run, and by which lines: in its own shell, in what its unit or its script runs first,
    else in one that runs its file.
    """
    beside = (other for other in runs if replace(other.line, entry=run.line.entry) == run.line)
    found = next(filter(None, (_emptied_by(other, run, around) for other in beside)), None)
    if found:
        return found
    kind = _emptied_first(run, around)
    if kind:
        return kind, run.excerpt
    for runner in [] if run.path in seen else runners(run, runs):
        kind, emptying = _emptied(runner, runs, (*seen, run.path), around)
        if kind:
            return kind, emptying
    return "", None


def _emptied_first(run: Run, around: Around) -> str:
    """What the unit of a run, or the script that it is handed to, empties before it."""
    from audit.reading.deployment.shell_scripts import read_commands  # noqa: PLC0415  the grammar is loaded where a command is found

    texts = [text for text in (run.line.before, run.script) if text and text != run.line.command]
    commands = (command for text in texts for command in read_commands(text, around=around))
    return next(filter(None, (emptied_by(command.words, around) for command in commands)), "")


def _emptied_by(other: Run, run: Run, around: Around) -> tuple[str, Excerpt] | None:
    kind = emptied_by(other.words, around)
    if not kind or not other.command or not run.command or other.command.reached.excludes(run.command.reached):
        return None
    always = run.command.reached.implies(other.command.reached)
    return (kind if always else "sometimes"), other.excerpt


def emptied_by(words: Sequence[str], around: Around, seen: tuple[str, ...] = ()) -> str:
    """What a command empties, as `empties` says it, or the script of the target that it runs; `program` for one in Python whose file speaks of doing so, `absent` for a command of Django whose code is not there."""
    own = empties(words)
    script = None if own else called_script(unwrapped(words), around)
    if script and script.path not in seen:
        own = _emptied_in(script, around, (*seen, script.path))
    program = None if own or not words else program_of(unwrapped(words), around)
    source = around.source(program.path) if program else None
    if not own and program is None and re.search(rf"\b(?:manage\.py|django-admin) {_MAY_EMPTY}", " ".join(words)):
        return "absent"
    return "program" if source and _EMPTIES.search(source.text) else own


def _emptied_in(script: Source, around: Around, seen: tuple[str, ...]) -> str:
    """What a shell script empties; `sometimes` where it does so under a condition."""
    from audit.reading.deployment.shell_scripts import read_commands  # noqa: PLC0415  as below

    for command in read_commands(script.text, around=around):
        kind = emptied_by(command.words, around, seen)
        if kind:
            return kind if command.reached.always else "sometimes"
    return ""


def _answer(run: Run, runs: Sequence[Run], seen: tuple[str, ...]) -> _Answer:
    """Nothing is brought back when what runs its script does not see it die; when that is not known, nor is this."""
    answer = _brought_back(run, runs, seen)
    unseen = run.command.survival.doubt if run.command and not run.command.loop else ""
    return replace(answer, restart="", doubt=unseen) if answer.restart and unseen else answer


def _brought_back(run: Run, runs: Sequence[Run], seen: tuple[str, ...]) -> _Answer:
    own = _Answer(run.restart, run.doubt, run.line.copies)
    found = [] if run.path in seen else runners(run, runs)
    if found:
        given = _together(run, [(runner, _answer(runner, runs, (*seen, run.path))) for runner in found])
        return replace(given, restart=own.restart, doubt=own.doubt) if run.is_settled else given
    return own if run.is_settled or own.restart else _perhaps(run, runs) or own


def _together(run: Run, given: Sequence[tuple[Run, _Answer]]) -> _Answer:
    """What the files that run the one of a run bring back."""
    runner, first = given[0]
    doubt = _doubt_of_runners(run, given)
    copies = _sum(answer.copies for _, answer in given)
    if run.command and hides_failure(run.command.reached) and any(r.line.on_failure for r, _ in given):
        return _Answer("", doubt, copies, first.runner or runner)
    return _Answer("" if doubt else first.restart, doubt, copies, first.runner or runner)


def _doubt_of_runners(run: Run, given: Sequence[tuple[Run, _Answer]]) -> str:
    """Why what brings a run back is not known, although the files that run its own are."""
    doubts = [answer.doubt for _, answer in given if answer.doubt]
    if doubts:
        return doubts[0]
    bare = [runner.path for runner, answer in given if not answer.restart]
    if len({answer.restart for _, answer in given}) > 1:
        return f"`{bare[0]}` lance `{run.path}` sans le relancer, et un autre fichier le relance"
    if run.kind == "procfile" and bare:
        return f"`{bare[0]}` lance le Procfile, et rien ne dit ce qui le relance"
    return ""


def _perhaps(run: Run, runs: Sequence[Run]) -> _Answer | None:
    """The doubt that an image leaves, when its name does not say what it was built from; None when there is none."""
    if run.kind != "dockerfile":
        return None
    for other in runs:
        if other.words or other.line.builds or not (other.restart or other.line.doubt):
            continue
        if not is_of_a_server(other.line.image):
            text = f"rien ne dit si l'image `{other.line.image}`, que lance `{other.path}`, est celle de `{run.path}`"
            return _Answer("", text, other.line.copies)
    return None


def _sum(counts: Iterable[int | None]) -> int | None:
    found = list(counts)
    return None if None in found else sum(count for count in found if count is not None)


def watched_instead(chain: Sequence[Run]) -> tuple[str, str]:
    """Why what is watched is the end of a pipe, and why it may be, or may be another process, in French; empty for nothing.

    `chain`: the run of a process, those that start its file, and those that start theirs.
    """
    run = chain[0]
    watching = next((one for one in chain if one.kind in _WATCHING), None)
    for held, text in ((run.handed, run.script), (run.command, run.line.command)):
        path = held.reached.path if held else ()
        pipe = next((at for at, edge in enumerate(path) if _is_headed(edge)), None)
        if pipe is None:
            continue
        if any(isinstance(edge.parent, shell.Background) for edge in path[:pipe]):
            return (f"`$!` y est celui du bout du tube, `{run.path}`", "") if "$!" in text else ("", "")
        if watching is None or any(isinstance(edge.parent, shell.Loop) for edge in path):
            continue
        told = f"`{watching.path}` surveille un tube dont Celery n'est pas le bout"
        return (told, "") if watching.line.on_failure and not _fails(path[pipe].parent) else ("", told)
    if run.alone and watching is not None and not watching.line.forks:
        return "", f"`{watching.path}` surveille ce que `{run.path}` lance ensuite"
    return "", ""


def _is_headed(edge: shell.Edge) -> bool:
    return isinstance(edge.parent, shell.Pipeline) and edge.child is not edge.parent.commands[-1]


def _fails(pipe: shell.Node) -> bool:
    return isinstance(pipe, shell.Pipeline) and pipe.pipefail
