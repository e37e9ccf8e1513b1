"""What is said aloud in Chinese, and what is found of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quality.privacy import find_private, scrub
from quality.privacy.plain import Plain
from quality.privacy.spoken_zh import write_down_zh

_SAID = {"0": "零洞〇", "1": "一幺", "2": "二两", "7": "七拐", "9": "九勾"} | dict(
    zip("34568", "三四五六八", strict=True)
)
_PAUSES = ("", " ", "，", "、", " 嗯 ", "那个", "，呃，", " 然后 ")


@st.composite
def _read_out(draw: st.DrawFn, digits: st.SearchStrategy[str]) -> str:
    """Draw digits as they are read out, in groups of two to four with pauses between."""
    rest, said = draw(digits), ""
    while rest:
        size = draw(st.integers(2, 4))
        said += "".join(draw(st.sampled_from(_SAID[digit])) for digit in rest[:size])
        rest = rest[size:]
        said += draw(st.sampled_from(_PAUSES)) if rest else ""
    return said


_DIGITS = st.text("0123456789", min_size=9, max_size=9)
_PHONES = _read_out(_DIGITS.map("13".__add__))
_CARDS = _read_out(st.text("0123456789", min_size=12, max_size=12).map("6217".__add__))


@given(_PHONES, st.sampled_from(("我手机是{}", "打{}", "預留電話係{}", "号码{}，你记一下", "{}这个号能收短信吗")))
def test_a_phone_is_found_however_it_is_read_out(said: str, text: str) -> None:
    assert scrub([text.format(said)]).texts == [text.format("[PhoneNumber]")]


@given(_CARDS)
def test_a_card_is_found_however_it_is_read_out(said: str) -> None:
    assert scrub([f"卡号是{said}"]).texts == ["卡号是[CardNumber]"]


@given(
    _read_out(st.text("123456789", min_size=4, max_size=4)),
    st.sampled_from(("尾号{}", "卡号后四位是{}", "手机末四位{}")),
)
def test_the_end_of_a_number_is_found(said: str, text: str) -> None:
    (finding,) = find_private(text.format(said))
    assert finding.end == len(text.format(said)) and finding.end - finding.start == len(said)


@given(
    _read_out(st.just("33010619850912003")),
    st.sampled_from(("X", "x", "叉", "，X", "大写的X", "最后一位是X", " 艾克斯")),
)
def test_an_identity_number_ends_with_its_letter(said: str, letter: str) -> None:
    assert scrub([f"身份证{said}{letter}"]).texts == ["身份证[IdNumber]"]


@given(
    st.sampled_from(("lin零七", "w下划线lin", "hello 杠 amy", "三六零二七七一", "zhou 点 meng", "chen88")),
    st.sampled_from(("艾特", " 艾特 ", "圈a", " 圈 a ", "小老鼠", " at ")),
    st.sampled_from(("幺六三点康姆", "163 点 com", "qq点com", "扣扣点com", "gmail 点 康母", "一二六点com")),
)
def test_an_email_is_found_however_it_is_said(local: str, at: str, host: str) -> None:
    assert scrub([f"邮箱是{local}{at}{host}"]).texts == ["邮箱是[Email]"]


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("四个零两个三", "000033"),
        ("密码三个八", "密码888"),
        ("沪C两七洞拐九", "沪C27079"),
        ("貴姓呀，我係陳太", "贵姓呀,我是陈太"),
        ("要两个五号电池", "要两个五号电池"),
        ("给我三个月", "给我三个月"),
        ("前面左拐一百米", "前面左拐一百米"),
        ("一共两三千块", "一共两三千块"),
    ],
)
def test_what_is_said_is_written_down(said: str, written: str) -> None:
    figures = str.maketrans("零〇一二三四五六七八九", "00123456789")
    assert write_down_zh(Plain(said.replace("，", ","), None)).text.translate(figures) == written.translate(figures)


@pytest.mark.parametrize(
    ("texts", "scrubbed"),
    [
        (
            ["手机号报一下", "一三三", "嗯，一三三", "零九幺六", "零九幺六，您继续", "洞拐五二"],
            [
                *("手机号报一下", "[PhoneNumber]", "嗯，[PhoneNumber]"),
                *("[PhoneNumber]", "[PhoneNumber]，您继续", "[PhoneNumber]"),
            ],
        ),
        (["您的卡号是？", "六二一七", "好的", "九九八零"], ["您的卡号是？", "[CardNumber]", "好的", "[CardNumber]"]),
        (
            ["您的手机号？", "一三八零零零零一二三四", "什么时候办的", "2019"],
            ["您的手机号？", "[PhoneNumber]", "什么时候办的", "2019"],
        ),
    ],
)
def test_a_number_is_read_out_in_several_turns(texts: list[str], scrubbed: list[str]) -> None:
    assert scrub(texts).texts == scrubbed
