from django.urls import path

from parcels import views

urlpatterns = [
    path("hooks/carrier/", views.carrier_webhook),
    path("parcels/<int:parcel_id>/", views.parcel_state),
]
