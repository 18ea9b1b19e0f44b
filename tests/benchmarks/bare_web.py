"""The yardstick of webhooks: a route that answers 200 and does nothing else."""

from fastapi import FastAPI


def create_app() -> FastAPI:
    """The application, for `uvicorn --factory`."""
    app = FastAPI()

    @app.post("/webhooks/wassenger")
    async def answer() -> dict[str, int]:
        return {"received": 1}

    return app
