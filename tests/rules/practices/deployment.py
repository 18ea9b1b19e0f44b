from tests.acceptance.reference_copy import Edit
from tests.rules.case import established, fails, not_concerned, undetermined

CONF, START, UNIT = "shop/celery_config.py", "start.sh", "deploy/shop-worker.service"
_COMPOSE = """\
services:
  worker:
    image: shop
    command: celery -A shop.celery_app worker -Q default
    restart: always
    user: "1000"
"""
_BUILT = "services:\n  w:\n    build: .\n    restart: always\n"
_POD = (
    "kind: Deployment\nspec:\n  template:\n    spec:\n      securityContext: {{runAsUser: {}}}\n      containers:\n"
    "      - command: [celery, -A, shop.celery_app, worker]\n"
)
_PID = "  celery -A shop.celery_app worker -n retry@%h -Q retry --concurrency=2 --uid=shop &\n"


def _image(*lines: str, base: str = "python") -> Edit:
    """A Dockerfile whose command is a worker."""
    return Edit(
        "Dockerfile", "", "\n".join([f"FROM {base}", *lines, "CMD celery -A shop.celery_app worker -Q mails\n"])
    )


CASES = (
    fails("not-root", "unit of root", "sous `root`", Edit(UNIT, "User=shop", "User=root")),
    fails(
        "not-root",
        "forced",
        "`start.sh` pose `C_FORCE_ROOT`",
        Edit(START, "# One machine", "export C_FORCE_ROOT=true\n# One machine"),
    ),
    fails(
        "not-root",
        "image without a user",
        "`Dockerfile` ne donne aucun utilisateur",
        Edit(
            "Dockerfile", "", 'FROM python:3.13\nCMD ["celery", "-A", "shop.celery_app", "worker", "-Q", "default"]\n'
        ),
    ),
    established(
        "not-root",
        "image with a user",
        "`shop`",
        Edit("Dockerfile", "", "FROM python:3.13\nUSER shop\nCMD celery -A shop.celery_app worker -Q default\n"),
    ),
    established(
        "not-root",
        "image that becomes another user",
        "`shop`",
        Edit("Dockerfile", "", "FROM python:3.13\nCMD tini -- gosu shop celery -A shop.celery_app worker -Q default\n"),
    ),
    fails(
        "not-root",
        "image that becomes root",
        "`Dockerfile` le lance sous `root`",
        Edit(
            "Dockerfile",
            "",
            "FROM python:3.13\nUSER shop\nCMD sudo -u root celery -A shop.celery_app worker -Q default\n",
        ),
    ),
    fails("not-root", "user by default", "sous `root`", _image("ARG U=root", "USER $U")),
    established("not-root", "another by default", "`shop`", _image("ARG U=shop", "USER ${U}")),
    undetermined(
        "not-root", "user from elsewhere", "`Dockerfile` ne dit pas sous quel utilisateur", _image("ARG U", "USER $U")
    ),
    undetermined(
        "not-root", "image of others", "`Dockerfile` ne dit pas sous quel utilisateur", _image(base="shop-base")
    ),
    established("not-root", "stage before", "`shop`", _image("USER shop", "FROM a", base="python AS a")),
    fails("not-root", "stage of its own", "aucun utilisateur", _image("USER shop", "FROM python", base="python AS a")),
    established(
        "not-root", "user of the container", "`1000`", _image(), Edit("compose.yml", "", _BUILT + "    user: '1000'\n")
    ),
    fails(
        "not-root", "root's container", "sous `0:0`", _image(), Edit("compose.yml", "", _BUILT + "    user: '0:0'\n")
    ),
    fails("not-root", "root's pod", "`k.yaml` le lance sous `0`", Edit("k.yaml", "", _POD.format(0))),
    established("not-root", "pod of a user", "`1000`", Edit("k.yaml", "", _POD.format(1000))),
    fails(
        "not-root",
        "beat of root",
        "`start.sh` le lance sous `root`",
        Edit(START, "shop-beat --uid=shop", "shop-beat --uid=root"),
    ),
    undetermined(
        "not-root",
        "beat not said",
        "`start.sh` ne dit pas sous quel utilisateur tourne le processus de beat",
        Edit(START, "shop-beat --uid=shop", "shop-beat"),
    ),
    undetermined(
        "not-root",
        "not said",
        "`start.sh` ne dit pas sous quel utilisateur",
        Edit(START, "--concurrency=4 --uid=shop", "--concurrency=4"),
    ),
    fails("own-health-check", "any worker", "`check.sh`", Edit("check.sh", ' --destination "mails@$(hostname)"', "")),
    fails(
        "own-health-check",
        "in a container",
        "`compose.yaml`",
        Edit(
            "compose.yaml",
            "",
            f"{_COMPOSE}    stop_grace_period: 60s\n    healthcheck:\n"
            '      test: ["CMD", "celery", "-A", "shop.celery_app", "status"]\n',
        ),
    ),
    not_concerned(
        "own-health-check",
        "none",
        "aucune sonde",
        Edit(
            "check.sh",
            'exec celery -A shop.celery_app inspect ping --timeout 10 --destination "mails@$(hostname)"',
            "true",
        ),
    ),
    fails("watched-process", "tee", "`start.sh`", Edit(START, _PID, _PID.replace(" &", " | tee -a retry.log &"))),
    not_concerned(
        "watched-process", "nobody asks", "ne lit `$!`", Edit(START, '  RETRY=$!\n  wait "$RETRY"\n', "  wait\n")
    ),
    fails(
        "stop-grace",
        "unit",
        "laisse 10 s, `task_time_limit=90` : SIGTERM y demande un arrêt à chaud",
        Edit(UNIT, "TimeoutStopSec=100", "TimeoutStopSec=10"),
    ),
    fails(
        "stop-grace",
        "no soft shutdown, under the limit of tasks",
        "`task_time_limit=90`",
        Edit(CONF, "worker_soft_shutdown_timeout = 15.0\n", ""),
        Edit(UNIT, "TimeoutStopSec=100", "TimeoutStopSec=1min"),
    ),
    undetermined(
        "stop-grace", "nothing says so", "ne se lit pas", Edit(UNIT, "TimeoutStopSec=100", "TimeoutStopSec=$T")
    ),
    fails(
        "celery-release",
        "requirements",
        "version 5.7.0",
        Edit("requirements.txt", "celery==5.6.3", "celery[redis]==5.7.0"),
    ),
    fails(
        "celery-release",
        "lock file",
        "version 5.7.0",
        Edit("requirements.txt", "celery==5.6.3\n", ""),
        Edit("uv.lock", "", '[[package]]\nname = "celery"\nversion = "5.7.0"\n'),
    ),
    fails(
        "celery-release",
        "pinned by the distribution, whatever its description says",
        "version 5.7.0",
        Edit("requirements.txt", "celery==5.6.3\n", ""),
        Edit("shop.dist-info/METADATA", "", "Name: shop\nRequires-Dist: celery[redis]==5.7.0\n\ncelery==5.6.3\n"),
    ),
    established(
        "celery-release",
        "a line of releases without it",
        "5.6.*",
        Edit("requirements.txt", "celery==5.6.3\n", ""),
        Edit("shop.dist-info/METADATA", "", "Name: shop\nRequires-Dist: celery==5.6.*\n\ncelery==5.7.0\n"),
    ),
    established("celery-release", "compatible", "5.6.*", Edit("requirements.txt", "celery==5.6.3", "celery~=5.6.0")),
    established(
        "celery-release",
        "a lock file before a line of releases",
        "5.6.3",
        Edit("requirements.txt", "celery==5.6.3", "celery==5.*"),
        Edit("uv.lock", "", '[[package]]\nname = "celery"\nversion = "5.6.3"\n'),
    ),
    undetermined(
        "celery-release",
        "a line of releases with it",
        "`5.*` peut être 5.7.0",
        Edit("requirements.txt", "celery==5.6.3", "celery~=5.6"),
    ),
    undetermined(
        "celery-release",
        "a series that nobody played",
        "versions essayées 5.3.6",
        Edit("requirements.txt", "celery==5.6.3", "celery==5.2.7"),
    ),
    undetermined(
        "celery-release",
        "a neighbour of the one that dies",
        "5.7.1 n'a pas été essayée",
        Edit("requirements.txt", "celery==5.6.3", "celery==5.7.1"),
    ),
    established(
        "celery-release",
        "a neighbour of one that lives",
        "5.6.2 n'a pas été essayée ; 5.6.3",
        Edit("requirements.txt", "celery==5.6.3", "celery==5.6.2"),
    ),
    undetermined(
        "celery-release",
        "not pinned",
        "une version de Celery épinglée",
        Edit("requirements.txt", "celery==5.6.3\n", "celery\n"),
    ),
)
