"""Docstrings in the three styles, and in none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatkit.errors import InputError
from chatkit.schema import parse_docstring, read_function

GOOGLE = """Find flights.

    The cheapest come first.

    Args:
        origin: Where it starts: an IATA code.
        destination (str): Where it ends.
            Several lines are
            one text.
        **filters: More wishes.

    Returns:
        list: The flights.
"""

NUMPY = """Find flights.

    The cheapest come first.

    Parameters
    ----------
    origin : str
        Where it starts: an IATA code.
    destination
        Where it ends.
        Several lines are
        one text.
    **filters : str
        More wishes.

    Returns
    -------
    list
        The flights.
"""

SPHINX = """Find flights.

    The cheapest come first.

    :param origin: Where it starts: an IATA code.
    :param str destination: Where it ends.
        Several lines are
        one text.
    :type origin: str
    :param filters: More wishes.
    :returns: The flights.
    :rtype: list
"""


@pytest.mark.parametrize(("style", "text"), [("google", GOOGLE), ("numpy", NUMPY), ("sphinx", SPHINX)])
def test_styles_say_the_same(style: str, text: str) -> None:
    doc = parse_docstring(text)
    assert doc.style == style
    assert doc.description == "Find flights.\n\nThe cheapest come first."
    assert doc.params == {
        "origin": "Where it starts: an IATA code.",
        "destination": "Where it ends. Several lines are one text.",
        "filters": "More wishes.",
    }


def test_numpy_names_share_a_text() -> None:
    assert parse_docstring("Add.\n\nParameters\n----------\na, b : int\n    A number.\n").params == {
        "a": "A number.",
        "b": "A number.",
    }


def test_google_continuation_with_colon_is_no_argument() -> None:
    doc = parse_docstring("F.\n\nArgs:\n    a: One of\n        x: first\n        y: second\n    b: B.")
    assert doc.params == {"a": "One of x: first y: second", "b": "B."}


def test_text_after_google_arguments_is_not_theirs() -> None:
    assert parse_docstring("F.\n\nArgs:\n    a: A.\n\nBe careful.").params == {"a": "A."}


@pytest.mark.parametrize("empty", [None, "", "   \n "])
def test_nothing(empty: str | None) -> None:
    assert parse_docstring(empty) == parse_docstring("")


def test_without_parameters_returns_are_cut_and_notes_stay() -> None:
    doc = parse_docstring("Do it.\n\nNote:\n    Slow.\n\nReturns:\n    Nothing.")
    assert (doc.style, doc.description) == (None, "Do it.\n\nNote:\n    Slow.")


def test_only_a_section_is_the_description() -> None:
    assert parse_docstring("Returns: the price.").description == "Returns: the price."


@given(st.text(alphabet=":param Args-\n ab()", max_size=80))
def test_never_fails(text: str) -> None:
    parse_docstring(text)


def test_descriptions_reach_the_parameters() -> None:
    def function(a: int, b: str) -> None:
        """Do it.

        Args:
            a: The a.
        """

    assert [field.description for field in read_function(function).fields] == ["The a.", ""]


def test_check_wants_parameters() -> None:
    def function(a: int) -> None:
        """Do it."""

    with pytest.raises(InputError, match=r"Found invalid Google-Style docstring\..*Args"):
        read_function(function, check_docstring=True)


def test_check_wants_real_parameters() -> None:
    def function(a: int) -> None:
        """Do it.

        Args:
            a: A.
            c: None such.
        """

    with pytest.raises(InputError, match=r"Arg c in docstring not found in function signature"):
        read_function(function, check_docstring=True)


def test_check_is_content_without_parameters() -> None:
    def function() -> None:
        """Do it."""

    assert read_function(function, check_docstring=True).fields == ()
