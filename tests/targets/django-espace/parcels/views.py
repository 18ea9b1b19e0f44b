import hashlib
import hmac
import json

from django.conf import settings
from django.db import transaction
from django.http import HttpResponseForbidden, JsonResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from parcels.models import CarrierEvent, Parcel
from parcels.tasks import notify_recipient


@csrf_exempt
@require_POST
def carrier_webhook(request):
    expected = hmac.new(settings.CARRIER_SECRET.encode(), request.body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected, request.headers.get("X-Carrier-Signature", "")):
        return HttpResponseForbidden()
    event = json.loads(request.body)
    with transaction.atomic():
        CarrierEvent.objects.get_or_create(digest=expected, defaults={"body": event})
        parcel = get_object_or_404(Parcel, reference=event["reference"])
        transaction.on_commit(lambda: notify_recipient.delay(parcel.pk))
    return JsonResponse({"status": "stored"})


def parcel_state(request, parcel_id):
    parcel = get_object_or_404(Parcel, pk=parcel_id)
    return JsonResponse({"status": parcel.status})
