def retry_delay(attempt):
    return 30 * 2**attempt
