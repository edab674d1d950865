"""The runner: what runs, why, and what survives. The stages here are small real modules made for the test."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import textwrap
import types
from pathlib import Path

import pytest

from kdvert.configuration import ConfigBase
from kdvert.errors import UserError, WorkFailed
from kdvert.pipeline import resolve as resolving
from kdvert.pipeline import runner, table
from kdvert.pipeline.lock import read_lock
from kdvert.pipeline.resolve import Head, Resolved
from kdvert.project import Project


class Config(ConfigBase):
    word: str = "a"


def stage(name: str, needs: tuple[str, ...], calls: list[str]) -> types.ModuleType:
    """A stage that joins its inputs' texts, its own word and the file it reads from outside."""
    module = types.ModuleType(f"kdvert.stages.{name}")

    def content(ctx, config):
        return [ctx.project / "outside.txt"] if not needs else []

    def run(ctx, config):
        calls.append(name)
        texts = [(ctx.inputs[n] / "text").read_text() for n in needs]
        outside = (ctx.project / "outside.txt").read_text() if not needs else ""
        (ctx.out / "text").write_text("+".join([*texts, config.word, outside]))
        (ctx.out / "left").write_text(str(sorted(p.name for p in ctx.out.iterdir())))
        (ctx.out / "volatile").write_text(str(len(calls)))
        return {"words": len(texts) + 1}

    module.Config, module.VERSION, module.VOLATILE = Config, 1, ("volatile", "left")
    module.content, module.run = content, run
    return module


@pytest.fixture
def calls() -> list[str]:
    return []


@pytest.fixture
def make(tmp_path, monkeypatch, vertical, calls):
    rows = (table.Row("one", (), ""), table.Row("two", ("one",), ""), table.Row("three", ("two",), "", reports=True))
    for r in rows:
        monkeypatch.setitem(sys.modules, f"kdvert.stages.{r.name}", stage(r.name, r.needs, calls))
    for module in (table, runner):
        monkeypatch.setattr(module, "STAGES", rows)
    monkeypatch.setattr(table, "NAMES", tuple(r.name for r in rows))
    monkeypatch.setattr(resolving, "NAMES", tuple(r.name for r in rows))
    (tmp_path / "outside.txt").write_text("x")

    def run(**words: str) -> runner.Run:
        stages = {r.name: Config(word=words.get(r.name, "a")) for r in rows}
        return runner.Run(
            Project(tmp_path, {"vertical": "medicine"}), vertical, Resolved(Head(vertical="medicine"), stages)
        )

    return run


def test_a_second_run_does_nothing(make, calls):
    runner.execute(make())
    steps = runner.execute(make())
    assert calls == ["one", "two", "three"]
    assert [s.reason for s in steps] == [None, None, None]
    assert steps[0].summary == {"words": 1}


def test_a_changed_setting_runs_that_stage_and_what_depends_on_its_output(make, calls):
    runner.execute(make())
    calls.clear()
    steps = runner.execute(make(two="b"))
    assert calls == ["two", "three"]
    assert [s.reason for s in steps] == [None, "its settings changed", "the output of two changed"]


def test_a_rerun_with_the_same_output_stops_there(make, calls):
    runner.execute(make())
    calls.clear()
    sys.modules["kdvert.stages.one"].VERSION = 2
    steps = runner.execute(make())
    assert calls == ["one"]
    assert steps[0].reason == "kdvert's own code of it changed"


def test_a_changed_file_outside_is_named(make, calls, tmp_path):
    runner.execute(make())
    (tmp_path / "outside.txt").write_text("y")
    plan = runner.plan(make())
    assert plan[0].reason == "outside.txt changed"
    assert plan[1].reason == "one runs before it and may change its input"


@pytest.mark.parametrize("damage", ["remove", "edit", "add"])
def test_a_damaged_output_is_made_again(make, calls, tmp_path, damage):
    runner.execute(make())
    calls.clear()
    output = tmp_path / "work" / "two" / "text"
    {"remove": output.unlink, "edit": lambda: output.write_text("!"), "add": lambda: (output.parent / "new").touch()}[
        damage
    ]()
    steps = runner.execute(make())
    assert calls == ["two"]
    assert "its output" in steps[1].reason


def test_volatile_files_do_not_count(make, calls, tmp_path):
    runner.execute(make())
    (tmp_path / "work" / "one" / "volatile").write_text("rewritten")
    assert runner.plan(make())[0].reason is None


def test_force_from_until(make, calls):
    runner.execute(make(), last="two")
    assert calls == ["one", "two"]
    runner.execute(make(), first="two", last="two", force=True)
    assert calls == ["one", "two", "two"]


@pytest.mark.parametrize(
    ("options", "message"),
    [({"first": "thre"}, "three"), ({"first": "two"}, "not been run"), ({"first": "three", "last": "one"}, "before")],
)
def test_wrong_ranges(make, options, message):
    with pytest.raises(UserError, match=message):
        runner.execute(make(), **options)


def test_leftovers_of_another_configuration_are_thrown_away(make, tmp_path):
    runner.execute(make())
    marker = tmp_path / "work" / "one.partial"
    marker.mkdir()
    (marker / "leftover").touch()
    (tmp_path / "work" / "one.partial.key").write_text("another")
    runner.execute(make(one="b"))
    assert not (tmp_path / "work" / "one" / "leftover").exists()


def test_a_full_disk_is_said_plainly(make, monkeypatch):
    def run(ctx, config):
        raise OSError(errno.ENOSPC, "No space left on device", "text")

    monkeypatch.setattr(sys.modules["kdvert.stages.one"], "run", run)
    with pytest.raises(WorkFailed, match="disk is full"):
        runner.execute(make())
    assert "one" not in read_lock(make().project.work)


def test_two_runs_at_once_are_refused(make, tmp_path):
    work = tmp_path / "work"
    work.mkdir()
    code = f"""
        from pathlib import Path
        from kdvert.pipeline.runner import exclusive
        with exclusive(Path({str(work)!r})):
            print("held", flush=True); input()
    """
    holder = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(UserError, match="Another kdvert run"):
            runner.execute(make())
        holder.kill()
        holder.wait()
        runner.execute(make())  # the hold ended with the process
    finally:
        holder.kill()


def test_a_damaged_lock_counts_as_not_run(make, tmp_path):
    runner.execute(make())
    (tmp_path / "work" / "lock.json").write_text('{"one": {"parts": 3}}')
    assert [s.reason for s in runner.plan(make())][:1] == ["not run yet"]
    (tmp_path / "work" / "lock.json").write_text('{"one": ')
    with pytest.raises(WorkFailed, match=r"lock\.json"):
        runner.plan(make())


def test_the_real_table_names_real_modules_with_the_whole_contract():
    for r in table.STAGES:
        for name in ("Config", "VERSION", "VOLATILE", "content", "run"):
            assert hasattr(r.module, name), f"{r.name} has no {name}"
    assert {n for r in table.STAGES for n in r.needs} <= set(table.NAMES)


def test_the_lock_is_written_after_the_output_is_in_place(make, tmp_path, monkeypatch):
    def killed(work: Path, *args: object) -> None:
        assert (work / "one" / "text").is_file()
        os.kill(os.getpid(), 0)
        raise KeyboardInterrupt

    monkeypatch.setattr(runner, "write_row", killed)
    with pytest.raises(KeyboardInterrupt):
        runner.execute(make())
    monkeypatch.undo()
