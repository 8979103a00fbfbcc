"""What came from a repository stays data: names and messages that try to be something else.

Each format is read back by what reads it in the end (the runner's own rules for GitHub's commands,
a parser of Markdown, of HTML, of XML, of JSON), and may hold nothing but what we put there.
"""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from tests.reports.conftest import trip

from revgate import FORMATS
from revgate.environments import Environment
from revgate.findings import Related
from revgate.history.revision import Revision
from revgate.postgres.snapshot.change import CatalogueChange
from revgate.reports import HOME, SITE, Style, render
from revgate.reports.about import About
from revgate.reports.comment import MARK
from revgate.roundtrip.observed import Lock, Statement, Step

HOSTILE = [
    "::error::pwned",
    "\n::set-output name=a::b",
    "\r::stop-commands::x",
    "x ##[command]rm",
    "%0A::error::x",
    "a,line=1,title=b::c",
    "<script>window.pwned = 1</script>",
    "<img src=x onerror='window.pwned = 1'>",
    '"><svg onload="window.pwned = 1">',
    "</style></script></details></main><script>window.pwned = 1</script>",
    "]]></failure><failure/>",
    "javascript:alert(1)",
    "[click](https://evil.example/)",
    "![pixel](https://evil.example/p.png)",
    "https://evil.example/ and www.evil.example",
    "<https://evil.example/>",
    "```\n# heading\n| a | b |\n",
    "`a` | b `c",
    "a` | **b** | `c",
    "\n\n# heading\n\n- [ ] task",
    "| --- |\n| x |",
    "--> <!-- ",
    "</details><h1>x</h1>",
    "@everyone and @octocat",
    '"]; click e0r0 href "javascript:alert(1)"',
    '"]:::error\n    subgraph x',
    "end\nstyle e0r0 fill:#f00",
    "#quot;#93;",
    "\x1b[31mred\x1b[0m\x1b]8;;https://evil.example\x1b\\x\x1b]8;;\x1b\\",
    "\x9b31m \x07 \x08\x08 \x00",
    "abc\u202edesrever\u2066\u2069 \u200b\u200f",
    "\ud800 \udcff lone",
    "\ufffe\uffff\ufeff",
    "&lt;b&gt; &#60;script&#62;",
    "{{ secrets.X }} ${{ github.token }}",
    "a" * 5000,
    "",
]
TEXTS = (
    st.sampled_from(HOSTILE)
    | st.text(max_size=40)
    | st.text("`|[]()<>:#\n\r%&\"'*_~\\@!", max_size=30)
)


def hostile(make: Any, text: str) -> Any:
    """A result in which everything that comes from a repository is one text."""
    path = f"migrations/versions/{text or 'x'}.py"
    revisions = [
        make.revision(0, key=text or "r0", name=f"{text or 'x'}.py", parent=f"gone{text}"),
        make.revision(1, key="r1", parent=text or "r0"),
    ]
    found = make.finding(
        message=f"{text} and `{text}`",
        help=f"write {text}\n{text}",
        path=path,
        revision=text or "r0",
        environment=f"n{text}",
        related=(Related(path, 3, text),),
    )
    other = make.finding(1, message=text, help=text, environment=f"n{text}")
    environment = Environment(f"n{text}", text or "x.ini", "migrations", ("migrations/versions",))
    lock = Lock(text, text, 1.0, False)
    statement = Statement(3, 1.0, text, (lock,), (text,), (text,), shown=f"{text}\n{text}")
    changes = [
        CatalogueChange(how, kind, text, text, f"CREATE INDEX {text} ON {text}")
        for how in ("left", "gone", "changed")
        for kind in ("table", "column", "default", "index", "trigger", "view", "type")
    ]
    kinds = ("column", "default", "index", "trigger")
    parts = [(text, each) for each in changes if each.how == "left" and each.kind in kinds]
    parts.append((text, CatalogueChange("left", "enum order", text, "", text)))
    steps = [
        Step(
            Revision(path, text or "r0"),
            1.0,
            statements=(statement,),
            changes=tuple(changes),
            new_parts=tuple(parts),
        ),
        Step(Revision("b.py", "r1"), 1.0),
    ]
    return make(
        [found, other],
        revisions,
        environment=environment,
        notes=(f"{text}: `{text}` is computed",),
        roundtrips=trip(*steps, environment=environment),
    )


def check_github(text: str, made: Any) -> None:
    commands = []
    for line in text.splitlines():
        if not line.lstrip().startswith("::"):
            assert "##[" not in line
        else:
            match = re.fullmatch(r"::(error|warning|notice) ((?:[a-z]+=[^,:]*,?)*)::(.*)", line)
            assert match is not None, line
            names = [each.partition("=")[0] for each in match[2].split(",")]
            assert names == ["file", "line", "col", "title"]
            commands.append(match[1])
            # The runner prints the message, line by line.
            for printed in match[3].replace("%0A", "\n").split("\n"):
                assert not printed.lstrip().startswith("::")
                assert "##[" not in printed
    assert commands == ["error", "error"]


def check_text(text: str, made: Any) -> None:
    for line in text.splitlines():
        assert not line.lstrip().startswith("::")
        assert "##[" not in line


def check_json(text: str, made: Any) -> None:
    assert text.isascii()
    assert json.loads(text)["findings"][1]["message"] == made.result.findings[1].message


def check_sarif(text: str, made: Any) -> None:
    assert text.isascii()
    (run,) = json.loads(text)["runs"]
    for result in run["results"]:
        assert "](" not in result["message"]["text"]
        uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        assert re.fullmatch(r"migrations/[A-Za-z0-9/%._~-]+", uri)


def check_gitlab(text: str, made: Any) -> None:
    assert text.isascii()
    assert len(json.loads(text)) == 3


def check_junit(text: str, made: Any) -> None:
    root = ET.fromstring(text.encode())  # noqa: S314 - what is tested
    tags = [element.tag for element in root.iter()]
    assert set(tags) <= {"testsuites", "testsuite", "testcase", "failure", "system-out"}
    assert tags.count("failure") == 2


OURS = re.compile(
    r"<details(?: open)?><summary>(?:<code>[^<]*</code>: )?[A-Za-z0-9., :]+</summary>|</details>"
    r"|</?code>|<br>|</?sub>"
)
MERMAID = re.compile(
    r"flowchart BT"
    r'|    e\d+[rm]\d+\["[^"\[\]{}`<>|]*<br/>[^"\[\]{}`<>|]*"\]'
    r"(?::::(?:head|error|warning|missing))?"
    r'|    e\d+g\d+\(\["… [\w ]+"\]\):::gap'
    r"|    e\d+[rmg]\d+ (?:-->|-\.->) e\d+[rmg]\d+"
    r"|    classDef [a-z]+ [a-z0-9:#,-]+"
)


def check_markdown(text: str, made: Any) -> None:
    parser = MarkdownIt("commonmark", {"html": True}).enable("table")
    tokens = []
    for token in parser.parse(text):
        tokens += [token, *(token.children or ())]
    kinds = [token.type for token in tokens]
    assert kinds.count("heading_open") == 1
    assert kinds.count("image") == 0
    assert kinds.count("table_open") == 1
    assert kinds.count("tr_open") == 3
    in_code = False
    for token in tokens:
        in_code = token.content == "<code>" or (in_code and token.content != "</code>")
        if token.type in ("html_inline", "html_block"):
            assert OURS.sub("", token.content).strip() == "", token.content
        if token.type == "link_open":
            assert str(token.attrs["href"]).startswith((HOME, SITE))
        if token.type == "text" and not in_code:
            assert not re.search(r"@\w", token.content), "nobody is mentioned"
    fences = [token for token in tokens if token.type == "fence"]
    assert {token.info for token in fences} <= {"", "diff", "mermaid", "python", "sql"}
    (picture,) = [token for token in fences if token.info == "mermaid"]
    for line in picture.content.splitlines():
        assert MERMAID.fullmatch(line), line


def check_comment(text: str, made: Any) -> None:
    first, _, rest = text.partition("\n")
    assert first == MARK
    assert MARK not in rest
    check_markdown(rest, made)


class Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.scripts = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in ALLOWED_TAGS, tag
        self.scripts += tag == "script"
        if tag not in ("meta", "input", "br"):
            self.open.append(tag)
        for name, value in attrs:
            assert not name.startswith("on")
            assert name not in ("src", "style", "srcdoc", "action")
            if name == "href":
                assert value is not None
                ours = rf"{re.escape(HOME)}|{re.escape(SITE)}/rules/[a-z-]+/"
                assert re.fullmatch(rf"#[a-z0-9-]+|{ours}", value)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in ("path", "circle", "line", "rect")
        places = {"cx", "cy", "r", "x", "y", "x1", "x2", "y1", "y2", "width", "height"}
        assert {name for name, _ in attrs} <= {"d", "class", *places}

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)


ALLOWED_TAGS = {
    *("html", "head", "meta", "title", "style", "body", "header", "main", "section", "footer"),
    *("h1", "h2", "h3", "h4", "p", "a", "ul", "li", "b", "code", "kbd", "span", "div", "script"),
    *("table", "thead", "tbody", "tr", "th", "td", "details", "summary", "svg"),
    *("form", "label", "input", "select", "option", "button", "output"),
    *("pre", "mark", "figure", "figcaption", "ol", "i", "rect"),
}


def check_html(text: str, made: Any) -> None:
    page = Page()
    page.feed(text)
    page.close()
    assert page.open == []
    assert page.scripts == 1


CHECKS = {
    "text": check_text,
    "concise": check_text,
    "json": check_json,
    "github": check_github,
    "sarif": check_sarif,
    "junit": check_junit,
    "gitlab": check_gitlab,
    "markdown": check_markdown,
    "comment": check_comment,
    "html": check_html,
}


def test_every_format_is_attacked() -> None:
    assert set(CHECKS) == set(FORMATS)


def attack(make: Any, form: str, text: str) -> None:
    made = hostile(make, text)
    sources = {each.path: [text] * 20 for each in made.result.findings}
    style = Style(sources=sources, about=About(text, text, text, text, text))
    written = render(made.result, form, style, made.details)
    written.encode()
    for line in written.split("\n"):
        assert line.isprintable(), ascii(line)
    CHECKS[form](written, made)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_no_known_attack_gets_through(make: Any, form: str, text: str) -> None:
    attack(make, form, text)


@pytest.mark.parametrize("form", [form for form in FORMATS if form != "sarif"])
def test_nothing_gets_through(make: Any, form: str) -> None:
    @given(text=TEXTS)
    def search(text: str) -> None:
        attack(make, form, text)

    search()


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_a_terminal_is_steered_by_ourselves_only(make: Any, text: str) -> None:
    made = hostile(make, text)
    style = Style(color=True, links_to="/a b", width=60)
    written = render(made.result, "text", style)
    left = re.sub(r"\x1b\[\d{1,2}m|\x1b\]8;;(?:file:///[A-Za-z0-9/%._~-]*)?\x1b\\", "", written)
    assert all(line.isprintable() for line in left.split("\n"))
