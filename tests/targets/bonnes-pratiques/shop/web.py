import hmac
import os

from celery.result import AsyncResult
from fastapi import BackgroundTasks, FastAPI, HTTPException, Request

from shop.backoff import retry_delay
from shop.store import transaction

app = FastAPI()


@app.post("/webhooks/payment")
async def receive(request: Request, background_tasks: BackgroundTasks):
    body = await request.body()
    if not hmac.compare_digest(request.headers.get("x-signature", ""), expected(body)):
        raise HTTPException(status_code=401)
    store(body)
    background_tasks.add_task(process, body)
    return {"status": "stored"}


@app.get("/mails/{task_id}")
def mail_state(task_id: str):
    return {"state": AsyncResult(task_id).state, "ask_again_in": retry_delay(0)}


def expected(body):
    return hmac.new(os.environ["WEBHOOK_SECRET"].encode(), body, "sha256").hexdigest()


def store(body):
    with transaction() as connection:
        connection.execute("insert into inbox (body) values (%s) on conflict do nothing", [body])


def process(body):
    raise NotImplementedError
