"""What follows a save."""

«¦from functools import partial

from django.db import transaction
»from django.db.models.signals import post_save
from django.dispatch import receiver

from .models import ImportJob
from .tasks import run_import


@receiver(post_save, sender=ImportJob)
def start(sender: type, instance: ImportJob, created: bool, **_: object) -> None:
    """Start the job of a new file."""
    if created:
        «run_import.delay(instance.pk)¦transaction.on_commit(partial(run_import.delay, instance.pk))»
