def test_every_message_is_accounted_for(celery_canary):
    seen = celery_canary.play()
    celery_canary.write("reports/canary.json")
    assert set(seen) == {
        "canary-ordinary",
        "canary-child-killed",
        "canary-sigterm",
        "canary-broker-restarted",
        "canary-main-killed",
    }
