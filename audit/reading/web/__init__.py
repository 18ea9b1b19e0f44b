"""Routes and views of FastAPI, Starlette, Flask and Django."""
