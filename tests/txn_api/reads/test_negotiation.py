"""Which form an answer takes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from txn_api.problems import NotAcceptable
from txn_api.reads.negotiation import ACCEPT_CHARS_MAX, Form, form_of


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("", Form.JSON),
        ("*/*", Form.JSON),
        ("*", Form.JSON),
        ("application/json", Form.JSON),
        ("application/json; charset=UTF-8", Form.JSON),
        ("application/*", Form.JSON),
        ("text/csv", Form.CSV),
        ("Text/CSV", Form.CSV),
        ("text/*", Form.CSV),
        ("text/csv;charset=utf-8", Form.CSV),
        ('text/csv; charset="utf-8"; header=present', Form.CSV),
        ("text/csv, application/json", Form.JSON),
        ("text/csv, application/json;q=0.9", Form.CSV),
        ("text/csv;q=0.5, application/json;q=0.4", Form.CSV),
        ("text/csv;q=0.5, */*;q=0.6", Form.JSON),
        ("text/csv, */*", Form.CSV),
        ("text/csv;q=0, */*", Form.JSON),
        ("application/json;q=0, */*;q=0.001", Form.CSV),
        ("text/csv;q=1.000, application/json;q=0.999", Form.CSV),
        # The more precise range decides, whatever else names the form (RFC 9110, 12.5.1).
        ("text/*;q=1, text/csv;q=0.1, application/json;q=0.2", Form.JSON),
        ("text/csv;q=0.1, text/csv;header=present;q=0.9, application/json;q=0.5", Form.CSV),
        # A browser, and Java's own client.
        ("text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8", Form.JSON),
        ("text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2", Form.JSON),
        # What cannot be read counts for nothing.
        ("text/csv;q=2, application/json;q=0.1", Form.JSON),
        ("text/csv;q=, application/json;q=0.1", Form.JSON),
        (",,;q=1,/,text/csv,", Form.CSV),
    ],
)
def test_the_form_that_a_client_prefers(accept: str, form: Form) -> None:
    """By weight and precision; JSON where both are alike."""
    assert form_of(accept) is form


@pytest.mark.parametrize(
    "accept",
    [
        "text/html",
        "application/xml, text/plain;q=0.5",
        "*/*;q=0",
        "application/json;q=0",
        "text/csv;q=0.0, application/json;q=0.000",
        "text/csv;charset=iso-8859-1",
        "text/csv;header=absent",
        "text/csv;q=nan",
        "csv",
        "text/csv/csv",
        ", ".join(["text/csv"] * ACCEPT_CHARS_MAX),
    ],
)
def test_no_form_is_refused(accept: str) -> None:
    """Neither form is taken, or the header is beyond all bounds."""
    with pytest.raises(NotAcceptable):
        form_of(accept)


@given(st.text(max_size=80) | st.text('textcsvjonapi/*;=q01., "\t', max_size=80))
def test_any_header_gets_an_answer(accept: str) -> None:
    """Whatever is sent, it is one form or a refusal."""
    try:
        assert form_of(accept) in Form
    except NotAcceptable:
        assert accept
