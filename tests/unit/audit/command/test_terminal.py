from audit.command.terminal import shown


def test_control_characters_are_replaced_and_the_spaces_of_french_are_kept() -> None:
    assert shown("5\xa0autres\u202f: \x1b[31mrouge\x07\n") == "5\xa0autres\u202f: \ufffd[31mrouge\ufffd\ufffd"
