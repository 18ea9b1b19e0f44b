"""Requests that are sent by other means than an HTTP client, with and without a limit."""

from audit.model.findings import Outcome
from tests.rules.kinds.program import ALARM, PASSES, Program

_HEAD = """
import http.client
import subprocess
import urllib.request
import xmlrpc.client
from urllib.request import urlretrieve

import cloudscraper
import feedparser
import pandas as pd
from celery import Celery
from requests_oauthlib import OAuth2Session

app = Celery("shop", broker="redis://localhost/0")
ADDRESS = "https://bank.example/rates.csv"


@app.task
def fetch(url):
"""
_NONE = frozenset({Outcome.NOT_APPLICABLE})


def _fetched(name: str, body: str, outcomes: frozenset[Outcome] = ALARM) -> Program:
    lines = "".join(f"    {line}\n" for line in body.split("\n"))
    return Program("http-timeouts", name, outcomes, _HEAD + lines)


PROGRAMS = (
    _fetched("the standard client", "http.client.HTTPSConnection('mail').request('GET', url)"),
    _fetched("the standard client, limited", "http.client.HTTPSConnection('mail', timeout=3).request('GET', url)", PASSES),
    _fetched("a file retrieved", "urlretrieve(url, '/tmp/a')"),
    _fetched("an opener", "urllib.request.build_opener().open(url)"),
    _fetched("an opener, limited", "urllib.request.build_opener().open(url, timeout=3)", PASSES),
    _fetched("a remote procedure", "xmlrpc.client.ServerProxy(url).rates()"),
    _fetched("a feed", "feedparser.parse(url)"),
    _fetched("a table of an address", "pd.read_csv(ADDRESS)"),
    _fetched("a table of a file", "pd.read_csv('/srv/rates.csv')", _NONE),
    _fetched("a session over requests", "OAuth2Session('id').get(url)"),
    _fetched("a session over requests, limited", "OAuth2Session('id').get(url, timeout=3)", PASSES),
    _fetched("a scraper", "cloudscraper.create_scraper().get(url)"),
    _fetched("a command", "subprocess.check_output(['curl', '-sf', url])"),
    _fetched("a command, by its text", "subprocess.run('/usr/bin/curl -sf https://bank', shell=True, check=True)"),
    _fetched("a command, limited by itself", "subprocess.check_output(['curl', '--max-time', '5', url])", PASSES),
    _fetched("a command, limited by its process", "subprocess.check_output(['curl', url], timeout=5)", PASSES),
)  # fmt: skip
