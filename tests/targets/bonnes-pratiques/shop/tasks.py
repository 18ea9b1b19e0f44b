from shop.celery_app import app


@app.task(bind=True, max_retries=5)
def send_mail(self, order_id):
    try:
        deliver(order_id)
    except ConnectionError as error:
        raise self.retry(exc=error, countdown=30 * 2**self.request.retries, queue="retry")


@app.task(ignore_result=True)
def sweep():
    for order_id in forgotten_orders():
        send_mail.delay(order_id)


@app.task(ignore_result=True)
def report():
    write_report()


def deliver(order_id):
    raise NotImplementedError


def forgotten_orders():
    return []


def write_report():
    raise NotImplementedError
