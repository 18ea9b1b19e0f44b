import os

from system.process_local import ProcessLocal


def test_one_resource_a_process_until_it_is_closed() -> None:
    closed: list[object] = []
    local = ProcessLocal(object, closed.append)
    local.close()
    first = local.get()
    assert local.get() is first
    local.close()
    assert closed == [first]
    assert local.get() is not first


def test_a_child_opens_its_own() -> None:
    local = ProcessLocal(os.getpid, lambda _pid: None)
    parent = local.get()
    child = os.fork()
    if child == 0:
        os._exit(0 if local.get() == os.getpid() != parent else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
