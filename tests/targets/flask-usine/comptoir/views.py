import hashlib
import hmac

from flask import Blueprint, abort, current_app, jsonify, request

from comptoir.jobs.mailing import send_receipt
from comptoir.store import keep_payment

blueprint = Blueprint("comptoir", __name__)


@blueprint.route("/hooks/payment", methods=["POST"])
def payment_webhook():
    body = request.get_data()
    secret = current_app.config["WEBHOOK_SECRET"].encode()
    expected = hmac.new(secret, body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected, request.headers.get("X-Signature", "")):
        abort(401)
    order_id = keep_payment(body.decode())
    if order_id is not None:
        send_receipt.delay(order_id)
    return jsonify(status="stored")


@blueprint.get("/alive")
def alive():
    return jsonify(alive=True)
