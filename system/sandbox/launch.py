"""Creates and launches campaigns in the environment of a running stack, by the code of the tree it is started in.

    python -m system.sandbox.launch PORT

Listens on 127.0.0.1:PORT. A connection brings one line, an `Order` in JSON, and takes one away, `{"campaign": 1}` or
`{"error": "…"}`. One process for
many campaigns, because an interpreter takes longer to start than a campaign to launch; nothing is kept open from one to the next.
"""

import json
import socketserver
import sys
import traceback

from pydantic import BaseModel, ConfigDict

from system.db.database import close_db, get_db
from system.services.campaigns import create_campaign, launch_campaign
from system.tasks.publishing import publish


class Order(BaseModel):
    """What is to be sent, and to whom (E.164)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    body: str
    phones: tuple[str, ...]


def launch(order: Order) -> int:
    """Creates and launches the campaign; returns its id.

    Raises:
        ValueError: for a number that is not E.164.

    """
    try:
        db = get_db()
        campaign_id = create_campaign(db, order.name, order.body, order.phones)
        publish(launch_campaign(db, campaign_id))
    finally:
        close_db()
    return campaign_id


class _Handler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        line = self.rfile.readline()
        if not line.strip():
            return
        try:
            answer: dict[str, int | str] = {"campaign": launch(Order.model_validate_json(line))}
        except Exception:  # noqa: BLE001 (whatever it is, whoever ordered has to read it)
            answer = {"error": traceback.format_exc()}
        self.wfile.write(json.dumps(answer).encode() + b"\n")


class _Server(socketserver.TCPServer):
    # Its port is free for others as soon as it ends.
    allow_reuse_address = True


if __name__ == "__main__":
    with _Server(("127.0.0.1", int(sys.argv[1])), _Handler) as server:
        server.serve_forever()
