from fastapi import FastAPI, Request

app = FastAPI()


@app.post("/webhooks/payment")
async def receive(request: Request):
    return {"status": "stored"}
