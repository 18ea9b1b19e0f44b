from django.db import models


class Parcel(models.Model):
    reference = models.CharField(max_length=40, unique=True)
    status = models.CharField(max_length=20)
    notified_at = models.DateTimeField(null=True)
    attempts = models.IntegerField(default=0)


class CarrierEvent(models.Model):
    digest = models.CharField(max_length=64, unique=True)
    body = models.JSONField()
    received_at = models.DateTimeField(auto_now_add=True)
