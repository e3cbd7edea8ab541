"""The Lambda's zip: reproducible, for Lambda's platform, and without unused files."""

from __future__ import annotations

import importlib.util
import marshal
import re
import struct
import sys
import tomllib
import zipfile
from email import message_from_bytes
from hashlib import sha256
from importlib.metadata import packages_distributions, version
from typing import TYPE_CHECKING

import grimp
import pytest

from benchmarks.compare.targets import TARGETS
from infra.checks.run import CommandError
from infra.package import build as package
from infra.package import bytecode
from infra.package.build import Target

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Packaged = Callable[[Target], Path]

RUNNING = f"{sys.version_info.major}.{sys.version_info.minor}"
HERE = Target("x86_64", RUNNING)
ARM = Target("arm64", RUNNING)
LARGEST_MB = TARGETS["zip"].limit
"""With bytecode. 0.8 MB of the zip are the customers' function's: the SDK's calls for managing a
project, most of all. For x86_64 pydantic's native module has 0.15 MB more than for arm64."""


def test_each_package_that_the_app_imports_is_declared() -> None:
    graph = grimp.build_graph(
        "app",
        include_external_packages=True,
        exclude_type_checking_imports=True,
        cache_dir=None,
    )
    imported = (
        {name.partition(".")[0] for name in graph.modules} - sys.stdlib_module_names - {"app"}
    )
    provided = packages_distributions()
    project = tomllib.loads((package.ROOT / "pyproject.toml").read_text())

    needed = {provided[name][0].lower().replace("_", "-") for name in imported}
    assert needed <= {line.partition("==")[0] for line in project["project"]["dependencies"]}


def names(zip_file: Path) -> list[str]:
    with zipfile.ZipFile(zip_file) as archive:
        return archive.namelist()


def test_two_builds_give_the_same_bytes(packaged: Packaged, tmp_path: Path) -> None:
    again = tmp_path / "elsewhere" / "again.zip"
    package.build(ARM, again)

    assert again.read_bytes() == packaged(ARM).read_bytes()
    assert list(again.parent.iterdir()) == [again]


def test_it_has_the_api_and_the_relay_without_the_operators_command(packaged: Packaged) -> None:
    own = {name for name in names(packaged(ARM)) if re.fullmatch(r"(app/)?(\w+/)?\w+\.py", name)}

    assert {"handler.py", "app/__init__.py", "app/wiring/api.py", "app/outbox/relay.py"} <= own
    assert not {name for name in own if name.startswith(("app/cli/", "app/__main__"))}


def test_it_has_no_tests_no_tools_and_no_packages_of_lambdas_own(
    packaged: Packaged,
) -> None:
    inside = names(packaged(ARM))

    tops = {name.partition("/")[0].partition("-")[0].removesuffix(".py") for name in inside}
    assert {"fastapi", "mangum", "convoy", "httpx"} <= tops
    assert not tops & {"bin", "boto3", "botocore", "s3transfer", "jmespath", "urllib3", "dateutil"}
    assert not tops & {"pytest", "moto", "mypy", "rich", "typer", "uvicorn", "infra", "tests"}
    assert not [name for name in inside if "tests" in name.split("/") or name.endswith(".pyi")]
    # RECORD has hashes of commands, which contain a path of the machine that built them.
    assert not [name for name in inside if name.endswith("/RECORD")]


def test_packages_can_read_their_own_version_and_carry_no_description(packaged: Packaged) -> None:
    with zipfile.ZipFile(packaged(ARM)) as archive:
        about = {
            name: message_from_bytes(archive.read(name))
            for name in archive.namelist()
            if name.endswith(".dist-info/METADATA")
        }

    versions = {each["Name"]: each["Version"] for each in about.values()}
    assert versions["pydantic"] == version("pydantic")
    assert all(versions.values())
    assert not any(each.get_payload() for each in about.values())


@pytest.mark.parametrize(("target", "machine"), [(Target(), 183), (HERE, 62)], ids=str)
def test_its_native_modules_are_for_the_target(
    packaged: Packaged, target: Target, machine: int
) -> None:
    with zipfile.ZipFile(packaged(target)) as archive:
        native = {name: archive.read(name) for name in archive.namelist() if ".so" in name}

    assert native
    for name, content in native.items():
        assert f".cpython-{target.python.replace('.', '')}-" in name
        assert content[:4] == b"\x7fELF"
        # `e_machine` of the ELF header: 183 is AArch64, 62 is x86-64.
        assert struct.unpack_from("<H", content, 18) == (machine,)


def test_its_bytecode_is_not_compared_with_the_source(packaged: Packaged) -> None:
    with zipfile.ZipFile(packaged(HERE)) as archive:
        compiled = archive.read(importlib.util.cache_from_source("app/wiring/api.py"))

    assert compiled[:4] == importlib.util.MAGIC_NUMBER
    assert compiled[4:8] == b"\1\0\0\0", "not an unchecked hash (PEP 552)"
    # Tracebacks show the path of the source in Lambda.
    code = marshal.loads(compiled[16:])  # noqa: S302
    assert code.co_filename == "/var/task/app/wiring/api.py"


@pytest.mark.parametrize(
    "name", ["fastapi/routing.pyc", importlib.util.cache_from_source("app/wiring/api.py")]
)
def test_its_bytecode_has_no_columns(packaged: Packaged, name: str) -> None:
    with zipfile.ZipFile(packaged(HERE)) as archive:
        code = marshal.loads(archive.read(name)[16:])  # noqa: S302

    assert {column for _, _, *columns in code.co_positions() for column in columns} == {None}


def test_only_our_own_modules_have_their_source_too(
    packaged: Packaged,
) -> None:
    inside = set(names(packaged(HERE)))
    own = {name for name in inside if re.match(r"app/(\w+/)?\w+\.py$|handler\.py$", name)}

    assert {name for name in inside if name.endswith(".py")} == own
    assert {importlib.util.cache_from_source(name) for name in own} <= inside
    assert {"fastapi/routing.pyc", "convoy/client.pyc", "typing_extensions.pyc"} <= inside


def test_it_has_only_the_modules_of_the_sdk_that_the_functions_call(packaged: Packaged) -> None:
    calls = [name for name in names(packaged(HERE)) if name.startswith("convoy/api/")]

    assert "convoy/api/events/create_endpoint_fanout_event.pyc" in calls
    assert "convoy/api/endpoints/create_endpoint.pyc" in calls  # the function `webhooks`
    assert not [name for name in calls if "portal_links" in name]


def test_it_has_the_data_of_awss_services(packaged: Packaged) -> None:
    data = {"aws_data/endpoints.json", "aws_data/dynamodb/2012-08-10/service-2.json"}

    assert data <= set(names(packaged(ARM)))


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    (tmp_path / "module.py").write_text("ANSWER = 42\n")
    return tmp_path


def compiled(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*.pyc")]


def test_a_build_without_that_python_fails_and_says_how_to_install_it(
    sources: Path,
) -> None:
    with pytest.raises(CommandError, match=r"Python 3\.99(.|\n)*uv python install 3\.99`"):
        bytecode.add(sources, "3.99")

    assert compiled(sources) == []


def test_only_packaged_files_are_compiled(
    sources: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path_factory.mktemp("checkout")
    (elsewhere / "handler.py").write_text("ANSWER = 41\n")
    monkeypatch.chdir(elsewhere)

    bytecode.add(sources, RUNNING)

    assert compiled(sources) == ["module.pyc"]
    assert compiled(elsewhere) == []


def test_a_module_that_does_not_compile_fails_the_build(sources: Path) -> None:
    (sources / "module.py").write_text("def\n")

    with pytest.raises(CommandError, match=r"(?s)compileall failed: .*module\.py"):
        bytecode.add(sources, RUNNING)


def test_a_failed_build_leaves_only_the_last_zip(tmp_path: Path) -> None:
    out = tmp_path / "todo.zip"
    out.write_bytes(b"the last one")

    # No release of pydantic-core was compiled for Python 3.6.
    with pytest.raises(SystemExit, match="error: uv pip install failed"):
        package.main(["--python", "3.6", "--out", str(out)])

    assert list(tmp_path.iterdir()) == [out]
    assert out.read_bytes() == b"the last one"


def test_a_step_that_hangs_is_ended_and_named(
    monkeypatch: pytest.MonkeyPatch, sources: Path
) -> None:
    monkeypatch.setattr(bytecode, "FIND_S", 0.0)

    with pytest.raises(CommandError, match=r"finding Python 3\.13 did not end within 0 s"):
        bytecode.find_python("3.13")


def test_the_build_prints_the_size_the_hash_and_the_largest_packages(packaged: Packaged) -> None:
    *largest, total, digest = package.summary(packaged(ARM)).splitlines()

    assert len(largest) == 10
    assert largest[0].endswith("MB  pydantic_core")
    assert re.search(r"todo\.zip: \d\.\d\d MB, \d{3,4} files$", total)
    assert digest == f"sha256 {sha256(packaged(ARM).read_bytes()).hexdigest()}"


def test_modes_and_times_are_fixed(packaged: Packaged) -> None:
    with zipfile.ZipFile(packaged(ARM)) as archive:
        entries = archive.infolist()

    assert [entry.filename for entry in entries] == sorted(entry.filename for entry in entries)
    assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}
    for entry in entries:
        mode = 0o100755 if entry.filename.endswith(".so") else 0o100644
        assert entry.external_attr >> 16 == mode


@pytest.mark.parametrize("target", [ARM, HERE], ids=str)
def test_it_is_at_most_as_large_as_the_benchmark_wants_it(
    target: Target, packaged: Packaged
) -> None:
    assert packaged(target).stat().st_size <= LARGEST_MB * 1e6
