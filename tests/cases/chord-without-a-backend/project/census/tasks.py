"""Tasks of census."""

import requests
from celery import group

from .celery import app


@app.task(max_retries=3«¦, ignore_result=False»)
def count(district: int) -> int:
    """How many live in one district."""
    answer = requests.get("https://districts.example/count", params={"id": district}, timeout=(5, 20))
    answer.raise_for_status()
    return int(answer.text)


@app.task(max_retries=3)
def total(counts: list[int], city: int) -> None:
    """Publish the sum."""
    requests.post("https://districts.example/total", json={"city": city, "sum": sum(counts)}, timeout=(5, 20)).raise_for_status()


@app.task(max_retries=3)
def census(city: int, districts: list[int]) -> None:
    """Count every district, then publish the total."""
    (group(count.s(district) for district in districts) | total.s(city)).delay()
