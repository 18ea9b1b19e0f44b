import os

from sqlalchemy import create_engine, text

engine = create_engine(os.environ.get("DATABASE_URL", "postgresql://localhost/comptoir"))


def claim_receipt(order_id):
    with engine.begin() as connection:
        claimed = connection.execute(
            text("update receipts set claimed_at = now() where order_id = :id and claimed_at is null"), {"id": order_id}
        )
        return claimed.rowcount == 1


def mark_sent(order_id):
    with engine.begin() as connection:
        connection.execute(text("update counters set sent = sent + 1"))
        connection.execute(text("update receipts set sent_at = now() where order_id = :id"), {"id": order_id})


def customers_awaiting_digest():
    with engine.connect() as connection:
        return [row.id for row in connection.execute(text("select id from orders where digest_at is null limit 1000"))]


def delete_carts(before):
    with engine.begin() as connection:
        connection.execute(text("delete from carts where updated_at < :before"), {"before": before})


def keep_payment(body):
    with engine.begin() as connection:
        return connection.execute(
            text("insert into payments (body) values (:body) on conflict do nothing returning order_id"), {"body": body}
        ).scalar()
