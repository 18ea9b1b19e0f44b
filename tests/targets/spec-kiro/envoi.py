from celery import Celery

app = Celery("envoi", broker="redis://localhost:6379/0")
app.conf.update(task_acks_late=True, task_reject_on_worker_lost=True, broker_connection_retry_on_startup=True)


@app.task
def send_single_message(message_id: int) -> int:
    return message_id
