from __future__ import annotations

from tests.order import ONE_WORKER, SLOWEST, place
from tests.paths import ROOT


def test_each_file_that_comes_first_exists() -> None:
    assert [path for path in SLOWEST if not path.exists()] == []


def test_each_file_that_shares_a_worker_exists() -> None:
    assert [file for file in ONE_WORKER if not (ROOT / file).is_file()] == []


def test_the_slowest_files_come_first() -> None:
    integration = ROOT / "tests" / "integration"
    names = ["infra/test_package.py", "e2e/test_readme.py", "e2e/test_adapt.py", "deploy/test_x.py"]

    ordered = sorted(names, key=lambda name: place(integration / name))

    assert ordered == [
        "e2e/test_adapt.py",
        "e2e/test_readme.py",
        "deploy/test_x.py",
        "infra/test_package.py",
    ]
