"""Files of supervisor as its parser reads them: indented names, a user that a variable names."""

from audit.model.findings import Outcome
from tests.rules.kinds.program import ALARM, PASSES, Program

_APP = 'from celery import Celery\n\napp = Celery("shop", broker="redis://localhost/0")\n'
_GAP = frozenset({Outcome.UNDETERMINED})


def _indented(margin: str, *said: str) -> dict[str, str]:
    lines = ("command=celery -A shop worker", "directory=/srv", *said)
    body = "\n".join(f"{margin}{line}" for line in lines)
    return {"shop.py": _APP, "deploy/worker.conf": f"[program:worker]\n{body}\n"}


PROGRAMS = (
    *(
        Program("supervision", f"names after {len(margin)} signs", PASSES, _indented(margin, "autorestart=true"))
        for margin in ("", "    ", "\t")
    ),
    Program("supervision", "an indented program that is left dead", ALARM, _indented("    ", "autorestart=false")),
    Program("not-root", "an indented user", PASSES, _indented("    ", "user=shop")),
    Program("not-root", "an indented root", ALARM, _indented("    ", "user=root")),
    *(
        Program("not-root", f"the user {user}", _GAP, _indented("", f"user={user}"))
        for user in ("%(ENV_USER)s", "{{ shop_user }}", "${SHOP_USER}", "<user>")
    ),
)
