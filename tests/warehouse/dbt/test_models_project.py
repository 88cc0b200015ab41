"""The project of the models: what is documented is what is there."""

import re
from pathlib import Path

from warehouse.curated.schema import CURATED_COLUMNS
from warehouse.dbt.dbt_process import PROJECT
from warehouse.dbt.models_digest import models_digest


def test_the_digest_follows_every_file_that_decides_what_is_built(tmp_path: Path) -> None:
    """Other models, seeds or configurations than those that built a table make the next build a full one."""
    (tmp_path / "star").mkdir()
    (tmp_path / "star/a.sql").write_text("select 1")
    digests = {models_digest(tmp_path)}
    for name in ("star/b.sql", "star/a.sql", "seeds.csv", "star/a.yml"):
        (tmp_path / name).write_text("select 2")
        models_digest.cache_clear()
        digests.add(models_digest(tmp_path))
    (tmp_path / "notes.txt").write_text("no part of it")
    models_digest.cache_clear()
    digests.add(models_digest(tmp_path))
    models_digest.cache_clear()
    assert len(digests) == 5


def test_positions_have_the_columns_of_the_curated_table() -> None:
    """A column that the curated table gets has to be taken up by the models, or left out on purpose."""
    view = (PROJECT / "staging/stg_positions.sql").read_text()
    selected = re.sub(r"\s", "", view.partition("as transaction_key,")[2].partition("\nfrom ")[0]).split(",")
    assert selected == [*(column.name for column in CURATED_COLUMNS), "load_id"]


def test_each_column_of_star_and_marts_is_described() -> None:
    """With what it means, and its unit or source."""
    for schema in ("star", "marts", "meta"):
        described = (PROJECT / schema / f"{schema}.yml").read_text()
        names = re.findall(
            r"^      - name: (\w+)\n(?:        quote: true\n)?        description: .{4,}$", described, re.MULTILINE
        )
        models = [path.stem for path in (PROJECT / schema).glob("*.sql")]
        assert sorted(
            re.findall(r"^  - name: (\w+)\n    description: .{10,}$", described, re.MULTILINE)[: len(models)]
        ) == sorted(models)
        assert len(names) == len(re.findall(r"^      - name: ", described, re.MULTILINE))
