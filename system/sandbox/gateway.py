"""A double of the Wassenger API that is a real HTTP server with a ledger of what it accepted.

    python -m system.sandbox.gateway --ledger FILE [--port 0]

A send is accepted at one instant: when its line is in the ledger. A client that hangs up before that instant is not accepted if its
end of connection has reached this process; what it writes while dying, and the kernel still delivers as a whole request, is.
It speaks plain HTTP/1.1 on 127.0.0.1 and starts knowing any key; the control API is under `/_sandbox/`.
"""

import argparse
import asyncio
import signal
import sys
from collections.abc import Awaitable, Sequence
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import uvicorn
from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from system.sandbox.gateway_connection import CuttableProtocol, listening_socket
from system.sandbox.gateway_protocol import Behaviour, Counts, LedgerEntry, ReceivedAlert, Rule
from system.sandbox.gateway_requests import PHONE, SendRequest
from system.sandbox.ledger import Ledger

NEVER_SECONDS = 600.0
# Dates are told with an offset: who reads the hour and forgets it is seen.
ABROAD = timezone(timedelta(hours=2))


class ClientGoneError(Exception):
    """The client hung up before its message was accepted."""


def _error(status: int, message: str) -> JSONResponse:
    return JSONResponse({"status": status, "message": message}, status_code=status)


def _public(entry: LedgerEntry) -> dict[str, Any]:
    return {
        "id": entry.id,
        "waId": entry.waId,
        "phone": entry.phone,
        "reference": entry.reference,
        "device": entry.device,
        "message": entry.message,
        "status": "queued",
        "deliveryStatus": "queued",
        "createdAt": entry.accepted_at.astimezone(ABROAD).isoformat(),
        "retry": {"max": 3, "delay": 60, "count": 0},
    }


class WassengerDouble:
    """The API's state: the ledger, the behaviour asked for, and the sends being handled."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.behaviour = Behaviour()
        self._used: dict[int, int] = {}
        self._alerts: list[ReceivedAlert] = []
        self._gate = asyncio.Event()
        self._in_flight = self._held = self._abandoned = self._lookups = 0

    def app(self) -> Starlette:
        """The ASGI application."""
        return Starlette(
            routes=[
                Route("/v1/messages", self.send, methods=["POST"]),
                Route("/v1/messages", self.search, methods=["GET"]),
                Route("/v1/numbers/exists", self.number_exists, methods=["POST"]),
                Route("/_sandbox/ledger", self.show_ledger, methods=["GET"]),
                Route("/_sandbox/counts", self.show_counts, methods=["GET"]),
                Route("/_sandbox/alerts", self.show_alerts, methods=["GET"]),
                Route("/_sandbox/alerts", self.receive_alert, methods=["POST"]),
                Route("/_sandbox/behaviour", self.show_behaviour, methods=["GET"]),
                Route("/_sandbox/behaviour", self.set_behaviour, methods=["PUT"]),
                Route("/_sandbox/release", self.release, methods=["POST"]),
            ]
        )

    async def send(self, request: Request) -> Response:
        if not request.headers.get("Token"):
            return _error(401, "Missing or invalid API token")
        received_at = datetime.now(UTC)
        try:
            body = SendRequest.model_validate_json(await request.body())
        except ValidationError as error:
            details = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
            return _error(400, f"Invalid request: {details}")
        if not (body.message or body.media or body.template):
            return _error(400, "One of message, media or template is required")
        self._in_flight += 1
        # With the body read, the only thing left to receive is the client's hanging up.
        gone = asyncio.ensure_future(request.receive())
        try:
            return await self._handle(request, body, received_at, gone)
        except ClientGoneError:
            self._abandoned += 1
            return _error(499, "The client hung up")
        finally:
            gone.cancel()
            self._in_flight -= 1

    async def _handle(
        self, request: Request, body: SendRequest, received_at: datetime, gone: asyncio.Future[Any]
    ) -> Response:
        behaviour, rule = self.behaviour, self._matching_rule(body.phone)
        await self._delay(behaviour.latency_before_ms, gone)
        await self._wait_at_gate("before", gone)
        if rule and rule.outcome == "status":
            return _error(rule.status or 500, "Refused by the sandbox")
        if rule and rule.outcome == "drop_before":
            return await self._cut(request, gone)
        if gone.done():
            raise ClientGoneError
        entry = self.ledger.accept(
            phone=body.phone,
            device=body.device,
            message=body.message,
            media=body.media.model_dump() if body.media else None,
            template=body.template.model_dump(exclude_none=True) if body.template else None,
            reference=body.reference,
            received_at=received_at,
        )
        await asyncio.wait([gone], timeout=behaviour.latency_after_ms / 1000) if behaviour.latency_after_ms else None
        await self._wait_at_gate("after", None)
        return await self._answer(request, rule, entry, gone)

    async def _answer(
        self, request: Request, rule: Rule | None, entry: LedgerEntry, gone: asyncio.Future[Any]
    ) -> Response:
        if rule and rule.outcome == "accept_then_status":
            return _error(rule.status or 500, "Failed by the sandbox after acceptance")
        if rule and rule.outcome == "accept_then_drop":
            return await self._cut(request, gone)
        if rule and rule.outcome == "accept_then_timeout":
            await asyncio.wait([gone], timeout=NEVER_SECONDS)
        return JSONResponse(_public(entry), status_code=201)

    def _matching_rule(self, phone: str) -> Rule | None:
        for number, rule in enumerate(self.behaviour.rules):
            used = self._used.get(number, 0)
            if rule.phone in (None, phone) and (rule.times is None or used < rule.times):
                self._used[number] = used + 1
                return rule
        return None

    async def _delay(self, milliseconds: float, gone: asyncio.Future[Any]) -> None:
        # Even without latency, the loop gets one turn to see that the client is gone.
        await asyncio.sleep(0)
        if milliseconds:
            await asyncio.wait([gone], timeout=milliseconds / 1000)
        if gone.done():
            raise ClientGoneError

    async def _wait_at_gate(self, side: str, gone: asyncio.Future[Any] | None) -> None:
        if self.behaviour.hold != side:
            return
        opened = asyncio.ensure_future(self._gate.wait())
        waited: list[Awaitable[Any]] = [opened] if gone is None else [opened, gone]
        self._held += 1
        try:
            await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)  # type: ignore[type-var]
        finally:
            opened.cancel()
            self._held -= 1
        if gone is not None and gone.done():
            raise ClientGoneError

    async def _cut(self, request: Request, gone: asyncio.Future[Any]) -> Response:
        CuttableProtocol.cut(request)
        await asyncio.wait([gone], timeout=NEVER_SECONDS)
        return Response(status_code=500)  # goes nowhere: the connection is closed

    async def search(self, request: Request) -> Response:
        if not request.headers.get("Token"):
            return _error(401, "Missing or invalid API token")
        self._lookups += 1
        if self.behaviour.lookup_status is not None:
            return _error(self.behaviour.lookup_status, "Refused by the sandbox")
        reference = request.query_params.get("reference")
        if not reference:
            return _error(400, "The double searches by reference only")
        return JSONResponse([_public(entry) for entry in self.ledger.with_reference(reference)])

    async def number_exists(self, request: Request) -> Response:
        if not request.headers.get("Token"):
            return _error(401, "Missing or invalid API token")
        body = await request.json()
        phone = body.get("phone") if isinstance(body, dict) else None
        if not isinstance(phone, str) or not PHONE.fullmatch(phone):
            return _error(400, "phone: must be in E.164 format")
        return JSONResponse({"exists": phone not in self.behaviour.missing_numbers, "phone": phone})

    async def show_ledger(self, request: Request) -> Response:
        since = int(request.query_params.get("since", "0"))
        return JSONResponse([entry.model_dump(mode="json") for entry in self.ledger.since(since)])

    async def show_counts(self, _request: Request) -> Response:
        counts = Counts(
            accepted=len(self.ledger),
            distinct_references=self.ledger.distinct_references,
            in_flight=self._in_flight,
            held=self._held,
            abandoned=self._abandoned,
            lookups=self._lookups,
        )
        return JSONResponse(counts.model_dump())

    async def receive_alert(self, request: Request) -> Response:
        status = self.behaviour.alert_status or 200
        try:
            alert = ReceivedAlert(received_at=datetime.now(UTC), answered=status, body=await request.json())
        except ValueError as error:
            return _error(400, f"not a JSON object: {error}")
        self._alerts.append(alert)
        return JSONResponse({}, status_code=status)

    async def show_alerts(self, _request: Request) -> Response:
        return JSONResponse([alert.model_dump(mode="json") for alert in self._alerts])

    async def show_behaviour(self, _request: Request) -> Response:
        return JSONResponse(self.behaviour.model_dump(mode="json"))

    async def set_behaviour(self, request: Request) -> Response:
        try:
            self._behave(Behaviour.model_validate_json(await request.body()))
        except ValidationError as error:
            return _error(400, str(error))
        return JSONResponse(self.behaviour.model_dump(mode="json"))

    async def release(self, _request: Request) -> Response:
        # The rules keep their remaining number of times.
        self.behaviour = self.behaviour.model_copy(update={"hold": None})
        self._open_gate()
        return JSONResponse({"released": self._held})

    def _behave(self, behaviour: Behaviour) -> None:
        self.behaviour = behaviour
        self._used.clear()
        if behaviour.hold is None:
            self._open_gate()

    def _open_gate(self) -> None:
        # Those who wait hold the old gate; the next hold gets a closed one.
        self._gate.set()
        self._gate = asyncio.Event()


def main(arguments: Sequence[str] | None = None) -> None:
    """Serves until it is stopped; prints its address first."""
    parser = argparse.ArgumentParser(prog="gateway", description="A double of the Wassenger API, for the sandbox.")
    parser.add_argument("--port", type=int, default=0, help="TCP port of 127.0.0.1; 0 takes a free one")
    parser.add_argument("--ledger", type=Path, required=True, help="JSON-lines file of the accepted messages")
    options = parser.parse_args(arguments)
    listener = listening_socket(options.port)
    sys.stdout.write(f"http://127.0.0.1:{listener.getsockname()[1]}/v1\n")
    sys.stdout.flush()
    # Uvicorn raises the signal again once it has shut down: an orderly stop is a success.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    double = WassengerDouble(Ledger(options.ledger))
    config = uvicorn.Config(
        double.app(), http=CuttableProtocol, log_level="warning", access_log=False, timeout_graceful_shutdown=1
    )
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
