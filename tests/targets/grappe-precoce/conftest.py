import pytest

pytest_plugins = ["audit.experiments.cluster.process_nodes"]


@pytest.fixture
def celery_canary_app():
    return "boutique:app"


@pytest.fixture
def celery_canary_options():
    return ["--concurrency=2"]
