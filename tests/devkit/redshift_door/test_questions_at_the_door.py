"""Each of the twelve questions is SQL that Redshift takes, as far as the door knows."""

import pytest
from devkit.redshift_door.dialect import postgres_sql

from warehouse.questions.catalogue import Question, questions


@pytest.mark.parametrize("question", questions(), ids=lambda question: question.name)
def test_redshift_takes_every_question(question: Question) -> None:
    assert postgres_sql(question.sql)
