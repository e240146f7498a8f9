"""What a process remembers stays within its bytes."""

from core.memory import ENTRY_BYTES, Memory


def test_what_was_used_longest_ago_is_forgotten_first() -> None:
    memory: Memory[str, int] = Memory(3 * (ENTRY_BYTES + 10))
    for number, key in enumerate("abc"):
        memory.put(key, number, 10)
    assert memory.get("a") == 0
    memory.put("d", 3, 10)
    assert [memory.get(key) for key in "abcd"] == [0, None, 2, 3]
    assert len(memory) == 3


def test_it_is_never_larger_than_its_bytes() -> None:
    memory: Memory[int, int] = Memory(10_000)
    for number in range(500):
        memory.put(number % 90, number, number * 7 % 1500)
        assert memory.bytes <= 10_000
    assert len(memory) > 3


def test_what_is_larger_than_all_of_it_is_not_remembered_and_drives_nothing_out() -> None:
    memory: Memory[str, int] = Memory(1_000)
    memory.put("small", 1, 10)
    memory.put("large", 2, 5_000)
    assert (memory.get("small"), memory.get("large")) == (1, None)


def test_a_value_that_takes_the_place_of_another_frees_its_bytes() -> None:
    memory: Memory[str, int] = Memory(10_000)
    for number in range(50):
        memory.put("a", number, 900)
    assert (memory.get("a"), memory.bytes) == (49, 900 + ENTRY_BYTES)
    memory.forget("a")
    assert (memory.get("a"), memory.bytes) == (None, 0)
