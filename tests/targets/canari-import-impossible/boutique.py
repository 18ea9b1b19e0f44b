"""Needs a variable that nobody gave."""

import os

from celery import Celery

app = Celery("boutique", broker=os.environ["BOUTIQUE_BROKER"])
