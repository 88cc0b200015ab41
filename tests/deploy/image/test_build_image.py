"""What `make image` says of a machine, a Dockerfile and sizes; the build itself needs buildah and root."""

import re
from pathlib import Path

import pytest
from deploy.image.build_image import VARIANTS, base_of, bytes_below, missing, report

ROOT = Path(__file__).parents[3]
MB = 1_000_000


def test_the_base_is_what_both_stages_of_the_dockerfile_begin_with() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    bases = re.findall(r"^FROM (\S+)", dockerfile, re.MULTILINE)
    assert {base_of(dockerfile)} == set(bases)


def test_the_extras_of_each_size_have_a_lock_that_goes_to_the_builder() -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    for variant in VARIANTS:
        for extra in variant.extras.split():
            assert (ROOT / "requirements" / f"{extra}.txt").exists()
            assert f"requirements/{extra}.txt" not in ignored
    assert "!deploy/image/trim.py" in ignored


def test_a_machine_without_buildah_and_one_without_root_are_told_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)
    assert "no buildah" in (missing() or "")
    monkeypatch.setattr("shutil.which", lambda _: "/usr/bin/buildah")
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert "needs root" in (missing() or "")
    monkeypatch.setattr("os.geteuid", lambda: 0)
    assert missing() is None


def test_a_size_over_its_bound_is_found() -> None:
    index, archive, _ = VARIANTS
    lines, fits = report([(index, 440 * MB), (archive, 600 * MB)], 300 * MB)
    assert fits
    assert [re.findall(r"([\d.]+) MB over the base", line) for line in lines] == [[], ["140.0"], ["300.0"]]
    assert not report([(index, 441 * MB)], 300 * MB)[1]


def test_a_file_with_two_names_counts_once(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "one").write_bytes(b"x" * 100)
    (tmp_path / "folder" / "two").hardlink_to(tmp_path / "one")
    (tmp_path / "folder" / "other").write_bytes(b"x" * 10)
    assert bytes_below(tmp_path) == 110
