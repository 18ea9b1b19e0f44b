"""Whether anything in a target speaks of Celery: a project that never does has nothing to audit."""

import re

from audit.reading.python.modules import Project
from audit.reading.source_files import Tree, read_text

# A list of what a project needs, or a file that starts it, names Celery in full.
_FILES = re.compile(
    r"(?i)(?:^|/)(?:[\w.\-]*requirements[\w.\-]*\.(?:txt|in)|setup\.(?:py|cfg)|pyproject\.toml|Pipfile|environment\.ya?ml|Procfile|"
    r"Dockerfile[\w.\-]*|[\w.\-]*compose[\w.\-]*\.ya?ml|Makefile|[\w.\-]+\.(?:sh|service|conf|toml))$|(?:^|/)requirements/"
)
_CELERY = re.compile(r"(?i)celery")


def is_without_celery(project: Project, tree: Tree) -> bool:
    """Whether Python files were read, all of them, and neither they nor the files that list or start things name Celery."""
    if not project.modules or tree.unread or any(_CELERY.search(m.source.text) for m in project.modules.values()):
        return False
    others = (read_text(tree, path) for path in tree.paths if _FILES.search(path))
    return not any(other and _CELERY.search(other.text) for other in others)
