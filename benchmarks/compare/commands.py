"""The CPU of the operator's commands: a process each, from its start to its end."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.compare.processes import PEERS, backends, environment, on_core
from benchmarks.compare.tables import Samples, Table, rotated
from infra.package.build import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping

COMMANDS = {"--help": ("--help",), "outbox list": ("outbox", "list")}
PROGRAMS = {
    "ours": ("-m", "app"),
    "floor": (str(Path(__file__).parent / "peers" / "command.py"),),
}
RUNS = [(name, program) for name in COMMANDS for program in PROGRAMS]


def measure(rounds: int) -> Table:
    """After one run of each, whose bytecode the others find."""
    cpu = Samples()
    with backends() as canned, on_core(PEERS):
        settings = environment(canned.url, canned.url)
        del settings["PYTHONDONTWRITEBYTECODE"]
        for name, program in RUNS:
            cpu_s(name, program, settings)
        for turn in range(rounds):
            for name, program in rotated(RUNS, turn):
                cpu.add(f"{name} {program}", cpu_s(name, program, settings))
    return Table(
        name="commands",
        title="The operator's commands",
        note=f"Seconds of CPU, medians of {rounds} processes; the outbox has one row. The floor is"
        " a command of Typer, which reads the outbox by botocore.",
        columns=("command", "this project", "floor", "ratio"),
        rows=[
            [
                f"`{name}`",
                cpu.measure(f"{name} ours"),
                cpu.measure(f"{name} floor"),
                cpu.ratio(f"{name} ours", f"{name} floor"),
            ]
            for name in COMMANDS
        ],
        found={"help": cpu.measure("--help ours")},
        floors={"help": cpu.measure("--help floor")},
    )


def cpu_s(name: str, program: str, settings: Mapping[str, str]) -> float:
    """Raises CalledProcessError if the command fails."""
    command = [sys.executable, *PROGRAMS[program], *COMMANDS[name]]
    process = subprocess.Popen(command, env=settings, cwd=ROOT, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return usage.ru_utime + usage.ru_stime
