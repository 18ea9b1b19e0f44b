from tests.acceptance.reference_copy import Edit
from tests.rules.case import Table, established, fails, not_concerned, undetermined

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


TABLE: Table = {
    "not-root": {
        "unit of root": fails("sous `root`", Edit(UNIT, "User=shop", "User=root")),
        "forced": fails(
            "`start.sh` pose `C_FORCE_ROOT`", Edit(START, "# One machine", "export C_FORCE_ROOT=true\n# One machine")
        ),
        "image without a user": fails(
            "`Dockerfile` ne donne aucun utilisateur",
            Edit(
                "Dockerfile",
                "",
                'FROM python:3.13\nCMD ["celery", "-A", "shop.celery_app", "worker", "-Q", "default"]\n',
            ),
        ),
        "image with a user": established(
            "`shop`",
            Edit("Dockerfile", "", "FROM python:3.13\nUSER shop\nCMD celery -A shop.celery_app worker -Q default\n"),
        ),
        "image that becomes another user": established(
            "`shop`",
            Edit(
                "Dockerfile",
                "",
                "FROM python:3.13\nCMD tini -- gosu shop celery -A shop.celery_app worker -Q default\n",
            ),
        ),
        "image that becomes root": fails(
            "`Dockerfile` le lance sous `root`",
            Edit(
                "Dockerfile",
                "",
                "FROM python:3.13\nUSER shop\nCMD sudo -u root celery -A shop.celery_app worker -Q default\n",
            ),
        ),
        "user by default": fails("sous `root`", _image("ARG U=root", "USER $U")),
        "another by default": established("`shop`", _image("ARG U=shop", "USER ${U}")),
        "user from elsewhere": undetermined(
            "`Dockerfile` ne dit pas sous quel utilisateur", _image("ARG U", "USER $U")
        ),
        "image of others": undetermined("`Dockerfile` ne dit pas sous quel utilisateur", _image(base="shop-base")),
        "stage before": established("`shop`", _image("USER shop", "FROM a", base="python AS a")),
        "stage of its own": fails("aucun utilisateur", _image("USER shop", "FROM python", base="python AS a")),
        "user of the container": established(
            "`1000`", _image(), Edit("compose.yml", "", _BUILT + "    user: '1000'\n")
        ),
        "root's container": fails("sous `0:0`", _image(), Edit("compose.yml", "", _BUILT + "    user: '0:0'\n")),
        "root's pod": fails("`k.yaml` le lance sous `0`", Edit("k.yaml", "", _POD.format(0))),
        "pod of a user": established("`1000`", Edit("k.yaml", "", _POD.format(1000))),
        "beat of root": fails(
            "`start.sh` le lance sous `root`", Edit(START, "shop-beat --uid=shop", "shop-beat --uid=root")
        ),
        "beat not said": undetermined(
            "`start.sh` ne dit pas sous quel utilisateur tourne le processus de beat",
            Edit(START, "shop-beat --uid=shop", "shop-beat"),
        ),
        "not said": undetermined(
            "`start.sh` ne dit pas sous quel utilisateur", Edit(START, "--concurrency=4 --uid=shop", "--concurrency=4")
        ),
    },
    "own-health-check": {
        "any worker": fails("`check.sh`", Edit("check.sh", ' --destination "mails@$(hostname)"', "")),
        "in a container": fails(
            "`compose.yaml`",
            Edit(
                "compose.yaml",
                "",
                f"{_COMPOSE}    stop_grace_period: 60s\n    healthcheck:\n"
                '      test: ["CMD", "celery", "-A", "shop.celery_app", "status"]\n',
            ),
        ),
        "none": not_concerned(
            "aucune sonde",
            Edit(
                "check.sh",
                'exec celery -A shop.celery_app inspect ping --timeout 10 --destination "mails@$(hostname)"',
                "true",
            ),
        ),
    },
    "watched-process": {
        "tee": fails("`start.sh`", Edit(START, _PID, _PID.replace(" &", " | tee -a retry.log &"))),
        "nobody asks": not_concerned("ne lit `$!`", Edit(START, '  RETRY=$!\n  wait "$RETRY"\n', "  wait\n")),
    },
    "stop-grace": {
        "unit": fails(
            "laisse 10 s, `task_time_limit=90` : SIGTERM y demande un arrêt à chaud",
            Edit(UNIT, "TimeoutStopSec=100", "TimeoutStopSec=10"),
        ),
        "no soft shutdown, under the limit of tasks": fails(
            "`task_time_limit=90`",
            Edit(CONF, "worker_soft_shutdown_timeout = 15.0\n", ""),
            Edit(UNIT, "TimeoutStopSec=100", "TimeoutStopSec=1min"),
        ),
        "nothing says so": undetermined("ne se lit pas", Edit(UNIT, "TimeoutStopSec=100", "TimeoutStopSec=$T")),
    },
    "celery-release": {
        "requirements": fails("version 5.7.0", Edit("requirements.txt", "celery==5.6.3", "celery[redis]==5.7.0")),
        "lock file": fails(
            "version 5.7.0",
            Edit("requirements.txt", "celery==5.6.3\n", ""),
            Edit("uv.lock", "", '[[package]]\nname = "celery"\nversion = "5.7.0"\n'),
        ),
        "pinned by the distribution, whatever its description says": fails(
            "version 5.7.0",
            Edit("requirements.txt", "celery==5.6.3\n", ""),
            Edit("shop.dist-info/METADATA", "", "Name: shop\nRequires-Dist: celery[redis]==5.7.0\n\ncelery==5.6.3\n"),
        ),
        "a line of releases without it": established(
            "5.6.*",
            Edit("requirements.txt", "celery==5.6.3\n", ""),
            Edit("shop.dist-info/METADATA", "", "Name: shop\nRequires-Dist: celery==5.6.*\n\ncelery==5.7.0\n"),
        ),
        "compatible": established("5.6.*", Edit("requirements.txt", "celery==5.6.3", "celery~=5.6.0")),
        "a lock file before a line of releases": established(
            "5.6.3 essayée dans 10 combinaisons sans qu'un worker meure ; mesures de `measured_releases.json`, livré avec",
            Edit("requirements.txt", "celery==5.6.3", "celery==5.*"),
            Edit("uv.lock", "", '[[package]]\nname = "celery"\nversion = "5.6.3"\n'),
        ),
        "a line of releases with it": undetermined(
            "`5.*` peut être 5.7.0", Edit("requirements.txt", "celery==5.6.3", "celery~=5.6")
        ),
        "a series that nobody played": undetermined(
            "versions essayées 5.3.6", Edit("requirements.txt", "celery==5.6.3", "celery==5.2.7")
        ),
        "a neighbour of the one that dies": undetermined(
            "5.7.1 n'a pas été essayée", Edit("requirements.txt", "celery==5.6.3", "celery==5.7.1")
        ),
        "a neighbour of one that lives": established(
            "5.6.2 n'a pas été essayée ; 5.6.3", Edit("requirements.txt", "celery==5.6.3", "celery==5.6.2")
        ),
        "not pinned": undetermined(
            "une version de Celery épinglée", Edit("requirements.txt", "celery==5.6.3\n", "celery\n")
        ),
    },
}
