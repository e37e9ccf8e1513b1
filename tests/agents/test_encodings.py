"""What a line that is no UTF-8 is told to be, and that no file in another encoding is read as if it were UTF-8."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.encodings import why_no_text
from agents.errors import UsageError
from agents.reading import is_text, read_lines, read_values

CHINESE = "您好，这里是客服中心，请问有什么可以帮您？我的银行卡丢了，想挂失。"
TRADITIONAL = "您好，這裡是客服中心，請問有什麼可以幫您？我的銀行卡丟了，想掛失。"
WESTERN = (
    "café déjà vu|Müller|naïve|Straße|Schöne Grüße|Él está aquí, señor|It’s £40|“Ann” — hello|São Paulo não é|50 €|Çok"
)


def read(text: str, encoding: str) -> str:
    return text.encode(encoding).decode("utf-8", "surrogateescape")


@pytest.mark.parametrize(
    ("text", "encoding", "told"),
    [
        (CHINESE, "gb18030", "GB18030"),
        ("客服：好的", "gbk", "GB18030"),
        (f"Agent 2: {CHINESE} (VIP)", "gb2312", "GB18030"),
        (TRADITIONAL, "big5", "BIG5"),
        *((text, "cp1252", "WINDOWS-1252") for text in WESTERN.split("|")),
    ],
)
def test_the_encoding_is_told_with_the_command_that_converts_it(text: str, encoding: str, told: str) -> None:
    for line in (text, f"{text}\n", f"00:01\t{text}\r\n"):
        assert why_no_text(read(line, encoding)).endswith(f": convert the file by iconv -f {told} -t UTF-8")


@given(st.binary(min_size=1))
def test_any_bytes_are_told_in_one_line(raw: bytes) -> None:
    line = raw.decode("utf-8", "surrogateescape")
    if not is_text(line):
        assert why_no_text(line).startswith("no UTF-8 text; ") and why_no_text(line).endswith(" -t UTF-8")


def test_bytes_that_are_no_text_are_not_told_to_be_one() -> None:
    assert "iconv -f ITS-ENCODING" in why_no_text(b"\xfe\x00\x01\xff".decode("utf-8", "surrogateescape"))


def test_files_in_another_encoding_are_refused_with_the_place(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(f"Agent: Hello.\n客服：{CHINESE}\nAgent: Bye.\n".encode("gb18030"))
    with pytest.raises(UsageError, match=r"file:2: no UTF-8 text; it reads as Chinese in GB18030"):
        list(read_lines(file))
    file.write_bytes('[\n{"a": "é"}]'.encode("latin-1"))
    with pytest.raises(UsageError, match=r"file:2: no UTF-8 text; it reads as a Western language"):
        list(read_values(file))
