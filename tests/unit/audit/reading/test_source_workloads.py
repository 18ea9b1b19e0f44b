"""Kubernetes workloads and Makefiles."""

import pytest

from tests.unit.audit.reading.collecting import Collect

DEPLOYMENT = """
apiVersion: v1
kind: Service
---
apiVersion: apps/v1
kind: {kind}
metadata: {{name: worker}}
spec:
  replicas: {replicas}
  template:
    spec:
      containers:
        - name: worker
          image: app
          command: ["celery", "-A", "app", "worker"]
          args: ["--concurrency=$(N)", "-B"]
          env:
            - {{name: N, value: "4"}}
        - name: proxy
          image: nginx
"""


def test_a_deployment_is_started_again(collect_tree: Collect) -> None:
    files = {"k8s/worker.yaml": DEPLOYMENT.format(kind="Deployment", replicas=2)}
    (process,) = collect_tree(files).processes
    assert (process.role, process.restart) == ("worker+beat", "kubernetes")
    assert process.excerpt.path == "k8s/worker.yaml"
    assert "- name: worker" in process.excerpt.text or "name: worker" in process.excerpt.text
    assert "nginx" not in process.excerpt.text


@pytest.mark.parametrize(("kind", "replicas"), [("Deployment", 0), ("Job", 1), ("ConfigMap", 1)])
def test_what_does_not_last_is_no_process(kind: str, replicas: int, collect_tree: Collect) -> None:
    assert not collect_tree({"k8s/worker.yaml": DEPLOYMENT.format(kind=kind, replicas=replicas)}).processes


@pytest.mark.parametrize(("policy", "restart"), [("Always", "kubernetes"), ("Never", "")])
def test_a_pod_of_its_own_is_as_its_policy_says(policy: str, restart: str, collect_tree: Collect) -> None:
    text = f"kind: Pod\nspec:\n  restartPolicy: {policy}\n  containers:\n    - command: [celery, -A, a, beat]\n"
    (process,) = collect_tree({"pod.yml": text}).processes
    assert (process.role, process.restart) == ("beat", restart)


def test_templates_that_are_no_yaml_are_told(collect_tree: Collect) -> None:
    facts = collect_tree({"chart/w.yaml": "kind: Deployment\nspec: {{ .Values.x }}\n  containers:\n"})
    assert not facts.processes
    assert [path for path, _ in facts.unread] == ["chart/w.yaml"]


@pytest.mark.parametrize(
    "text", ["", "- 1\n", "kind: Pod\ncontainers: 3\n", "kind: Deployment\nspec: 3\n#containers:\n"]
)
def test_other_yaml_is_nothing(text: str, collect_tree: Collect) -> None:
    facts = collect_tree({"a.yaml": text})
    assert not facts.processes
    assert not facts.unread


def test_a_makefile_counts_only_where_nothing_else_starts_anything(collect_tree: Collect) -> None:
    make = {"Makefile": "worker:\n\t@celery -A app worker \\\n\t\t--loglevel=info\n\techo done\n"}
    (process,) = collect_tree(make).processes
    assert (process.role, process.restart, process.excerpt.first_line) == ("worker", "", 2)
    (process,) = collect_tree({**make, "Procfile": "worker: celery -A app worker\n"}).processes
    assert process.restart == "platform"
