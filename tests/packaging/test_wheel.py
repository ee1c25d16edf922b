# SPDX-License-Identifier: Apache-2.0
"""The wheel, built from the sdist, installed into an empty environment, run from an empty folder."""

import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.slow


def run(*command: str | Path, cwd: Path, env: dict[str, str] | None = None) -> str:
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--sdist", "--outdir", out, cwd=ROOT)
    sdist = next(out.glob("*.tar.gz"))
    with tarfile.open(sdist) as archive:
        archive.extractall(out, filter="data")
    source = next(path for path in out.iterdir() if path.is_dir())
    run(sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", out, cwd=source)
    return next(out.glob("*.whl"))


def test_the_wheel_puts_one_name_into_the_environment(wheel):
    with zipfile.ZipFile(wheel) as archive:
        tops = {name.split("/")[0] for name in archive.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"tagwarden"}


def test_the_wheel_carries_migrations_packs_and_examples(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    app = "tagwarden/_app/"
    for wanted in (
        "governance/_migrations/env.py",
        "governance/_migrations/versions/",
        "governance/_examples/shop/",
        "policies/library/gdpr.yaml",
    ):
        assert any(name.startswith(app + wanted) for name in names), wanted
    assert not any("_dist" in name or "tests/" in name for name in names)


def test_the_installed_program_works_from_an_empty_folder(wheel, tmp_path):
    environment = tmp_path / "env"
    venv.create(environment, with_pip=True)
    python = environment / "bin" / "python"
    run(python, "-m", "pip", "install", "--quiet", wheel, cwd=tmp_path)
    program = environment / "bin" / "tagwarden"
    empty = tmp_path / "empty"
    empty.mkdir()
    env = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "XDG_DATA_HOME": str(tmp_path / "share")}
    assert "Commands" in run(program, "--help", cwd=empty, env=env)
    assert "tagwarden 0." in run(program, "--version", cwd=empty, env=env)
    run(program, "init", "shop", cwd=empty, env=env)
    run(program, "doctor", "--workspace", "shop", cwd=empty, env=env)
    assert "Commands" in run(python, "-m", "tagwarden", "--help", cwd=empty, env=env)
    assert run(program, "db", "check", "--workspace", "shop", cwd=empty, env=env)


def test_a_foreign_package_of_the_same_name_is_noticed(wheel, tmp_path):
    target = tmp_path / "site"
    run(
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--target",
        target,
        wheel,
        cwd=tmp_path,
    )
    foreign = tmp_path / "foreign" / "tagging"
    foreign.mkdir(parents=True)
    (foreign / "__init__.py").write_text("")
    script = "import tagging, tagwarden"
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env={"PYTHONPATH": f"{foreign.parent}:{target}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "needs its own 'tagging'" in done.stderr
