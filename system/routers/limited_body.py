"""Reads a request's body, up to a limit that holds while it arrives."""

from starlette.requests import ClientDisconnect, Request


class BodyTooLargeError(Exception):
    """The body is longer than what is accepted; its rest was not read."""


class BodyCutError(Exception):
    """The client went away in the middle of the body."""


async def read_body(request: Request, *, most_bytes: int) -> bytes:
    """The whole body.

    Raises:
        BodyTooLargeError: as soon as more than `most_bytes` are announced or have come.
        BodyCutError: when the client hangs up first.

    """
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced[:20]) > most_bytes:
        raise BodyTooLargeError
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > most_bytes:
                raise BodyTooLargeError
    except ClientDisconnect as error:
        raise BodyCutError from error
    return bytes(body)
