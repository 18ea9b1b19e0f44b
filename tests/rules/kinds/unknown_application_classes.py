"""An application whose class is chosen at run time is one all the same: what it is given is read."""

from audit.model.findings import Outcome
from tests.rules.kinds.program import ALARM, PASSES, Program

_GAP = frozenset({Outcome.UNDETERMINED})
_HOW = {
    "imported by a name": "from django.utils.module_loading import import_string\n\nkind = import_string(chosen.value)\n",
    "from an entry point": "from importlib.metadata import entry_points\n\nkind = entry_points(group='shop')['app'].load()\n",
    "by an attribute": "import celery\nimport os\n\nkind = getattr(celery, os.environ['KIND'])\n",
    "from a library": "from company_tools import kind_of_application\n\nkind = kind_of_application()\n",
}


def _files(how: str, eager: str) -> dict[str, str]:
    text = (
        f'{how}\napp = kind("shop")\napp.config_from_object("settings", namespace="CELERY")\napp.autodiscover_tasks()\n'
    )
    return {"shop.py": f"{text}\n\n@app.task\ndef send(order): ...\n", "settings.py": eager}


PROGRAMS = (
    *(
        Program("not-eager", f"{name}, {said}", outcomes, _files(how, f"CELERY_TASK_ALWAYS_EAGER = {said}\n"))
        for name, how in _HOW.items()
        for said, outcomes in (("True", ALARM), ("False", PASSES))
    ),
    # The class may set what the settings do not.
    *(Program("late-acknowledgement", f"{name}, not said", _GAP, _files(how, "")) for name, how in _HOW.items()),
)
