from fastapi import FastAPI

from relais.hooks import router

api = FastAPI(title="relais")
api.include_router(router)


@api.get("/health")
def health() -> dict[str, bool]:
    return {"alive": True}
