from tests.journals import differences


def test_a_difference_is_told_with_its_path_whatever_its_depth() -> None:
    before = {"findings": [{"rule": "a", "outcome": "établi"}], "volatile": {"date": "2026-11-28"}}
    after = {"findings": [{"rule": "a", "outcome": "défaut"}], "volatile": {"date": "2026-11-29"}}
    assert list(differences(before, after)) == ['$.findings[0].outcome: "établi" -> "défaut"']


def test_a_finding_more_and_a_key_less_are_differences() -> None:
    assert len(list(differences({"findings": []}, {"findings": [1]}))) == 1
    assert list(differences({"gone": 1}, {})) == ["$.gone: 1 -> null"]


def test_what_changes_from_run_to_run_is_none() -> None:
    assert not list(
        differences({"volatile": 1, "probes": [{"digest": "a"}]}, {"volatile": 2, "probes": [{"digest": "b"}]})
    )
