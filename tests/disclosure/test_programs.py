"""Programs end by their nodes, give whole numbers where asked to, and print nothing."""

from __future__ import annotations

import itertools
import subprocess
import sys
from types import SimpleNamespace

import numpy as np

from psykanalys.disclosure import suppress, two_way
from psykanalys.disclosure.programs import solve, solve_whole

suppress_module = sys.modules["psykanalys.disclosure.suppress"]


def output_of(code: str) -> tuple[str, str]:
    """What a process of its own prints to the two outputs."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    return done.stdout, done.stderr


# C's own stdout, which only glibc lets one replace
IN_C = "import ctypes; from psykanalys.disclosure.programs import silence; puts = ctypes.CDLL(None).puts\n"


def test_what_c_code_prints_inside_is_gone_and_outside_is_not():
    inside = "with silence():\n    with silence():\n        puts(b'1')\n    puts(b'2')\n"
    code = f"{IN_C}puts(b'before')\n{inside}puts(b'after')"
    assert output_of(code) == ("before\nafter\n", "")


def test_what_c_code_prints_is_heard_again_after_an_error():
    code = f"{IN_C}try:\n    with silence():\n        raise ValueError\nexcept ValueError:\n    puts(b'after')"
    assert output_of(code) == ("after\n", "")


def test_other_threads_print_meanwhile():
    code = """
import threading
from psykanalys.disclosure.programs import silence
def quiet():
    for _ in range(2000):
        with silence():
            pass
threads = [threading.Thread(target=quiet) for _ in range(3)]
[thread.start() for thread in threads]
for number in range(2000):
    print(number, flush=True)
[thread.join() for thread in threads]
print("end")
"""
    printed, errors = output_of(code)
    assert printed.split() == [*map(str, range(2000)), "end"]
    assert not errors


def test_the_solver_prints_nothing():
    # Tables of benchmarks/disclosure.py at which HiGHS 1.12 prints its developers' line in spite of its options.
    code = """
import numpy as np
from psykanalys.disclosure import suppress, two_way
for number in (28, 48, 102):
    rng = np.random.default_rng([6, number])
    suppress(two_way(rng.poisson(rng.exponential(12, rng.integers(2, 7, 2)))))
"""
    assert output_of(code) == ("", "")


def test_whole_numbers_where_the_best_are_not_whole():
    pairs = np.array([[1.0, 1, 0], [0, 1, 1], [1, 0, 1]])
    ends = (np.zeros(3), np.ones(3))
    aim, low, high = -np.array([3.0, 3, 3.1]), np.full(3, -np.inf), np.ones(3)
    assert (solve(aim, pairs, low, high, ends).x == 0.5).all()
    assert solve_whole(aim, pairs, low, high, ends).tolist() == [0, 0, 1]
    assert solve_whole(aim, pairs, np.ones(3), high, ends) is None


def test_nodes_end_a_program_and_it_says_so():
    rng = np.random.default_rng(4)
    rows = rng.integers(0, 100, (4, 30)).astype(float)  # market split: no way to see at once that there is no answer
    half = rows.sum(axis=1) // 2
    ends = (np.zeros(30), np.ones(30))
    found = solve(np.zeros(30), rows, half, half, ends, whole=np.ones(30), nodes=1)
    assert found.ended
    assert not solve(np.ones(30), rows[:1], half[:1], half[:1] + 99, ends).ended


def test_the_answer_does_not_depend_on_the_clock(monkeypatch):
    table = two_way(np.array([[2, 18, 25], [15, 3, 22], [20, 19, 40]]))
    usual = suppress(table)
    ticks = itertools.count(step=0.5)
    slow = SimpleNamespace(monotonic=lambda: next(ticks))  # a machine on which everything takes long
    monkeypatch.setattr(suppress_module, "time", slow)
    late = suppress(table)
    assert (late.hidden == usual.hidden).all()
    assert late.steps == usual.steps
    assert next(ticks) > 1


def test_what_the_clock_ended_is_logged():
    found = suppress(two_way(np.array([[2, 18, 25], [15, 3, 22], [20, 19, 40]])), seconds=0.0)
    assert any("time out" in step for step in found.steps)


def test_the_same_sets_in_another_order():
    rng = np.random.default_rng(12)
    tables = [rng.poisson(rng.exponential(10, (3, 4))) for _ in range(6)]
    forward = [suppress(two_way(table)).hidden for table in tables]
    backward = [suppress(two_way(table)).hidden for table in reversed(tables)]
    assert all((one == other).all() for one, other in zip(forward, reversed(backward), strict=True))
