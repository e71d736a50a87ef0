import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from maskwise.errors import InputError
from maskwise.tasks.propose_yaml import quoted
from maskwise.tasks.yaml_source import Scalar, parse_yaml_source


def content(text: str) -> object:
    return parse_yaml_source(text, "t.yaml").content


def test_text_stays_text_and_the_rest_keeps_its_source() -> None:
    assert content("a: [x, 'no', \"1e3\", x y]") == {"a": ["x", "no", "1e3", "x y"]}
    assert content("a: no") == {"a": Scalar("no", False)}
    assert content("a: 007") == {"a": Scalar("007", 7)}
    assert content("a: 1e3") == {"a": Scalar("1e3", 1000.0)}
    assert content("a: 12:30") == {"a": Scalar("12:30", 750)}
    assert content("a:") == {"a": Scalar("", None)}
    assert content("a: 2021-13-40") == {"a": "2021-13-40"}


def test_lines_are_known() -> None:
    source = parse_yaml_source("a:\n  - x\n  - b: 1\n", "t.yaml")
    assert source.line(("a", 1, "b")) == 3
    assert source.line(("a", 1, "c")) == 3


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\na: 2", r"t\.yaml, line 2: expected each key once, got 'a'"),
        ("a: [", r"t\.yaml, line 1: expected YAML"),
        (
            "no: 1",
            r"line 1: expected a key to be text, got no, which YAML reads as false: write \"no\" in quotes",
        ),
        ("? [a]\n: 1", "expected a key to be text"),
        ("a: 1\n---\nb: 2", "expected YAML"),
        ("a: !!python/object:os.system x", "expected YAML"),
        (
            "a: &x [1,1,1,1,1,1,1,1,1,1]\n"
            + "\n".join(
                f"b{k}: &y{k} [*{'x' if not k else f'y{k - 1}'}, *{'x' if not k else f'y{k - 1}'}]"
                for k in range(30)
            ),
            "at most 100,000 entries",
        ),
    ],
)
def test_what_is_no_plain_yaml_is_one_line(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        content(text)


@given(st.text())
def test_any_text_ends_well_or_in_one_line(text: str) -> None:
    try:
        content(text)
    except InputError as error:
        assert "\n" not in str(error)


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0")))
def test_quoted_text_comes_back(text: str) -> None:
    assert content(f"[{quoted(text)}]") == [text]
    assert yaml.safe_load(f"[{quoted(text)}]") == [text]
