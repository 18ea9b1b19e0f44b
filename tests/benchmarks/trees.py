"""Celery projects of any size, the same each time: an application, its settings, models, services and tasks."""

from pathlib import Path

_APP = """from celery import Celery

app = Celery("shop")
app.config_from_object("shop.celeryconfig")
"""
_SETTINGS = """import os

broker_url = os.environ.get("BROKER_URL", "redis://localhost:6379/0")
task_serializer = "json"
task_acks_late = True
task_time_limit = 600
worker_prefetch_multiplier = 1
beat_schedule = {
    "sweep": {"task": "shop.part_0.tasks.refresh_0", "schedule": 60.0},
}
"""
_MODEL = '''
class Record{n}:
    """One row of table {n}."""

    limit = {n} + 10

    def __init__(self, key: int, label: str = "", weight: float = 1.0) -> None:
        self.key = key
        self.label = label
        self.weight = weight

    def total(self, others: list["Record{n}"]) -> float:
        """Weight of this one and of the others, below the limit."""
        found = [other.weight for other in others if other.key < self.limit]
        return self.weight + sum(found)
'''
_SERVICE = '''
def load_{n}(keys: list[int], label: str) -> list[Record{n}]:
    """Records of these keys, in order."""
    found = []
    for key in sorted(keys):
        if key % 2 and label:
            found.append(Record{n}(key, label=label.upper()))
        elif key:
            found.append(Record{n}(key, weight=key / 2))
    return found


def summarise_{n}(records: list[Record{n}]) -> dict[str, float]:
    """Totals by label."""
    totals: dict[str, float] = {{}}
    for record in records:
        try:
            totals[record.label] = totals.get(record.label, 0.0) + record.total(records)
        except (TypeError, ValueError) as error:
            raise RuntimeError(f"{{record.key}}: {{error}}") from error
    return totals
'''
_TASK = '''
@app.task(bind=True, max_retries=3)
def refresh_{n}(self, keys: list[int], label: str = "") -> dict[str, float]:
    """Load, summarise, try again later when it fails."""
    try:
        return summarise_{n}(load_{n}(keys, label))
    except RuntimeError as error:
        raise self.retry(exc=error, countdown=60 * 2**self.request.retries)


@app.task(ignore_result=True)
def announce_{n}(keys: list[int]) -> None:
    """Publish the refreshing of each key."""
    for key in keys:
        refresh_{n}.delay([key], label="announced")
'''
_ITEMS = 4


def write_tree(root: Path, lines: int) -> int:
    """Write a project of at least `lines` lines of Python below `root`; how many it has."""
    package = root / "shop"
    package.mkdir(parents=True)
    written = _put(package / "__init__.py", "") + _put(package / "celery.py", _APP)
    written += _put(package / "celeryconfig.py", _SETTINGS)
    part = 0
    while written < lines:
        written += _write_part(package / f"part_{part}", part)
        part += 1
    return written


def write_files(root: Path, files: int) -> None:
    """Write a small project below `root`, and beside it this many files of one function each."""
    write_tree(root, 1)
    for number in range(files):
        _put(root / "shop" / f"small_{number}.py", f"def add(a: int) -> int:\n    return a + {number}\n")


def _write_part(folder: Path, part: int) -> int:
    folder.mkdir()
    numbers = range(part * _ITEMS, (part + 1) * _ITEMS)
    names = ", ".join(f"Record{n}" for n in numbers)
    first = numbers[0]
    here = f"shop.{folder.name}"
    services = f"from {here}.models import {names}\n\n" + "\n".join(_SERVICE.format(n=n) for n in numbers)
    tasks = f"from shop.celery import app\nfrom {here}.services import load_{first}, summarise_{first}\n\n"
    return (
        _put(folder / "__init__.py", "")
        + _put(folder / "models.py", "\n".join(_MODEL.format(n=n) for n in numbers))
        + _put(folder / "services.py", services)
        + _put(folder / "tasks.py", tasks + _TASK.format(n=first))
    )


def _put(path: Path, text: str) -> int:
    path.write_text(text, encoding="utf-8")
    return text.count("\n")
