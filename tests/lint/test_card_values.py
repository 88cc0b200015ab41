"""Our own lint rule on good and bad samples, and on the code itself."""

import textwrap

import pytest

from tests.lint.__main__ import ALLOWED, FOLDERS, ROOT
from tests.lint.card_values import CardValues
from tests.lint.module_walk import Finding, complaints, findings, findings_below

BAD = {
    "an f-string": 'text = f"card {pan}"',
    "an f-string in an f-string": 'text = f"{f"{card_number}"}"'.replace('f"{card_number}"', "f'{card_number}'"),
    "an f-string with a format": 'text = f"{request.card_number!r:>20}"',
    "digits in an f-string": 'text = f"{pan.digits_for_identity()[:4]}"',
    "a variable made of digits": 'own = pan.digits_for_identity()\ntext = f"{own}"',
    "a variable made of that": "own = pan.digits_for_identity()\nother = own[2:]\nprint(other)",
    "a walrus": 'if (own := Pan(text)):\n    log.info("x", of=own)',
    "a parameter of the type": 'def f(it: "Pan | None"):\n    print(it)',
    "a parameter of digits": 'def f(it: "CardDigits | None"):\n    print(it)',
    "a card number that was checked": "own = given.checked(exempt)\nprint(own)",
    "what a method gives": "own = parameters.pan(exempt)\nprint(own)",
    "an annotated variable": "it: Pan = parse(text)\nprint(it)",
    "a loop": "for one in card_numbers:\n    print(one)",
    "a percent format": 'text = "card %s" % row["cc_num"]',
    "str.format": 'text = "card {}".format(pan)',
    "str": "text = str(request.card_number)",
    "repr": "text = repr(pan)",
    "format": 'text = format(pan, "s")',
    "print": 'print("card", document["card_number"])',
    "structlog": 'log.info("posted", card=pan)',
    "structlog in a dictionary": 'log.info("posted", **{"card": card_number})',
    "a bound logger": "log.bind(card=card_number)",
    "a context variable": "structlog.contextvars.bind_contextvars(card=pan)",
    "logging": 'logging.getLogger(__name__).warning("card %s", row.get("cc_num"))',
    "logger": 'logger.exception("card %s", pan)',
    "an exception": "raise ValueError(card_number)",
    "an exception of ours": 'raise StoreError("no such card", pan)',
    "an exception that is raised later": "error = CardError(text, pan)",
    "an exception's f-string": 'raise LookupError(f"no {card_number}")',
    "a problem": "raise NotFound(pan)",
    "a note": "error.add_note(card_number)",
    "a metric's label": "posts.labels(card_number).inc()",
    "a task's name": "task.set_name(pan.digits_for_identity())",
    "a file": "file.write(card_number)",
    "JSON": 'line = json.dumps({"card": card_number})',
    "joined": 'print(" ".join([pan.digits_for_identity()]))',
    "concatenated": 'log.info("card " + card_number)',
    "one of two": 'print(card_number if debug else "hidden")',
    "inside a lambda": 'later = lambda: print(f"{pan}")',
    "an unknown function's result": "print(shorten(card_number))",
}
GOOD = {
    "its id": 'text = f"{keys.card_id(pan)}"',
    "all its ids": "log.info('read', partitions=len(keys.card_ids(pan)))",
    "its mask": 'text = f"{pan.masked}"; print(mask(card_number))',
    "its length": 'raise ValueError(f"of {len(card_number)} digits")',
    "whether there is one": 'log.info("searched", by_card=card_number is not None, given=bool(card_number))',
    "what follows from a comparison": 'print("equal" if card_number == other else "different")',
    "the field's name": 'raise Fault("/card_number", "card_number_luhn")',
    "its digits compared": "found = pan.digits_for_identity() in text",
    "passed on": "answer = await client.get(path, params={'card_number': card_number})",
    "a variable of another function": "def f():\n    own = Pan(x)\ndef g(own):\n    print(own)",
    "another error": 'raise ValueError("no such card")',
    "another log": 'log.info("posted", card_id=event.card_id)',
}


def sample(source: str) -> list[Finding]:
    return findings(CardValues, textwrap.dedent(source), "sample.py")


@pytest.mark.parametrize("name", BAD)
def test_a_card_number_on_its_way_into_a_text_is_found(name: str) -> None:
    """Whichever way."""
    assert sample(BAD[name]), BAD[name]


@pytest.mark.parametrize("name", GOOD)
def test_what_keeps_nothing_of_it_is_let_pass(name: str) -> None:
    """So that nobody learns to switch the rule off."""
    assert sample(GOOD[name]) == [], GOOD[name]


def test_a_leak_says_where_it_is() -> None:
    """File, line, function and sink: what an allowance names."""
    (leak,) = sample(
        """
        class Till:
            async def post(self, pan):
                log.info("posting", card=pan)
        """
    )
    assert leak == Finding("sample.py", 4, "Till.post", "a log")
    assert [*complaints(CardValues, [leak], [])] == ["sample.py:4: a card number goes into a log in Till.post"]


def test_an_allowance_is_for_one_place_and_one_sink_and_needed() -> None:
    """Others of the same file are found; one that is not needed any more is said."""
    found = sample('def f(pan):\n    print(pan)\n    log.info("x", pan)')
    assert len(list(complaints(CardValues, found, []))) == 2
    (left,) = complaints(CardValues, found, [("sample.py", "f", "print()")])
    assert "a log" in left
    (unused,) = complaints(CardValues, [], [("sample.py", "f", "print()")])
    assert "take the allowance away" in unused


def test_our_code_puts_no_card_number_into_a_text() -> None:
    """But where a reason says why."""
    found = [leak for folder in FOLDERS for leak in findings_below(CardValues, ROOT / folder, ROOT)]
    assert list(complaints(CardValues, found, ALLOWED)) == []
