"""How many labels are asked for: a share, or a percentage of what the labeller reaches."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from quality.gate.agreement import MinAgreement, is_relative, required_agreement
from quality.gate.verdict import Labelling

SHARE = TypeAdapter[float | str](MinAgreement)


@pytest.mark.parametrize(
    ("written", "read"), [("0.6", 0.6), (1, 1.0), (0.25, 0.25), ("90%", "90%"), ("87.5 %", "87.5%"), ("0%", "0%")]
)
def test_what_can_be_asked_for(written: float | str, read: float | str) -> None:
    asked = SHARE.validate_python(written)
    assert (
        asked == read and SHARE.validate_python(asked) == read and SHARE.validate_json(SHARE.dump_json(asked)) == read
    )


@pytest.mark.parametrize("written", ["60", 1.2, -0.1, "101%", "-5%", "%", "most", "nan", "", "90%%"])
def test_what_cannot(written: float | str) -> None:
    with pytest.raises(ValidationError, match="a share from 0 to 1, or a percentage such as 90%"):
        SHARE.validate_python(written)


@given(share=st.floats(0, 1), reach=st.floats(0, 1), percent=st.integers(0, 100))
def test_a_percentage_is_of_what_is_reached_and_a_share_is_not(share: float, reach: float, percent: int) -> None:
    assert required_agreement(share, reach) == share and not is_relative(share)
    assert required_agreement(f"{percent}%", reach) == pytest.approx(percent / 100 * reach) and is_relative(
        f"{percent}%"
    )


@given(st.integers(1, 20), st.integers(0, 20), st.integers(1, 100))
def test_agreement_that_is_exactly_what_is_asked_for_is_enough(of: int, count: int, percent: int) -> None:
    """In floating-point numbers 90% of 0.8 is a little more than 0.72, which 18 of 25 labels are."""
    reach = min(count, of) / of
    exact = Fraction(percent, 100) * Fraction(min(count, of), of)
    required = required_agreement(f"{percent}%", reach)
    labelling = Labelling(labels={}, agreement=exact.numerator / exact.denominator, required=required)
    assert labelling.agrees
    assert not Labelling(labels={}, agreement=required * 0.99, required=required).agrees or not required
