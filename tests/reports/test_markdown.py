"""The summary of a job, the comment, and the picture in both."""

from __future__ import annotations

import re
from typing import Any

import pytest
from tests.reports.conftest import lock_of

from revgate.findings import WARNING, Related
from revgate.postgres.snapshot.change import CatalogueChange
from revgate.reports import Style, render
from revgate.reports.comment import MARK
from revgate.reports.markdown import fit
from revgate.reports.picture import MOST
from revgate.roundtrip.observed import Rows, Statement

SUMMARY = 1024 * 1024
COMMENT = 65_536


def write(form: str, made: Any, **sources: list[str]) -> str:
    by_path = {f"migrations/versions/{key}_step.py": lines for key, lines in sources.items()}
    return render(made.result, form, Style(sources=by_path), made.details)


def picture(text: str) -> list[str]:
    return text.partition("```mermaid\n")[2].partition("```")[0].splitlines()


def test_it_says_what_matters_from_the_top(make: Any, trip_of: Any) -> None:
    lock = lock_of("public.users", "ShareLock", 4, rewrites=("public.b",))
    trip = trip_of(r0={"statements": (lock,), "rows": Rows(1, 2), "new": False})
    text = write("markdown", make([make.finding()], roundtrips=trip))
    lines = text.splitlines()
    assert lines[0] == "## revgate: ✗ 1 error, 0 warnings"
    assert lines[2].rstrip() == "Fix the error, then run <code>revgate check</code> again."
    assert "| upgrade | 63 | 0.40 |" in lines
    assert (
        "| <code>r0</code> | 12.1 | 8.0 | ShareLock <code>public&#46;users</code>"
        " | <code>public&#46;b</code> | 1 of 2 tables |"
    ).replace("&#46;", ".") in lines


def test_a_finding_has_its_code_and_the_code_to_write(make: Any) -> None:
    help_ = 'add to `downgrade()`, at its end: `op.execute("DROP TYPE mood")`; or allow it'
    here = "migrations/versions/r1_step.py"
    related = (Related("other.py", 1, "there"), Related(here, 1, "here"))
    found = make.finding(1, line=2, column=5, help=help_, related=related)
    made = make([found, found._replace(message="another")])
    text = write("comment", made, r1=["def upgrade():", "    op.execute(1)"])
    assert (
        "```python\n"
        " 1 | def upgrade():\n"
        " 2 |     op.execute(1)\n"
        "   |     ^^^^^^^^^^^^^\n"
        "```\n\n"
        "- <code>other.py&#58;1</code>: there\n"
        "- line 1: here\n\n"
        "→ add to <code>downgrade()</code>, at its end&#58;\n\n"
        '```\nop.execute("DROP TYPE mood")\n```\n\n'
        "or allow it\n"
    ) in text
    assert text.count("```python") == 1
    # Where to begin, and above the findings.
    assert text.count("r1&#95;step.py") == 2


def test_the_worst_comes_first_and_the_rest_is_folded(make: Any) -> None:
    findings = [make.finding(at, severity=WARNING) for at in range(15)]
    text = write("markdown", make([*findings, make.finding(15)], 20))
    named = re.findall(r"^\*\*<code>(r\d+)</code>\*\*", text, re.MULTILINE)
    assert named == ["r15", *(f"r{at}" for at in range(15))]
    assert text.index("r8&#95;") < text.index("<summary>6 files more</summary>")
    assert text.index("<summary>6 files more</summary>") < text.index("r9&#95;")


def test_a_fence_in_the_code_does_not_end_the_code(make: Any) -> None:
    text = write("markdown", make([make.finding(1, line=1)]), r1=["````` @everyone"])
    assert "``````python\n 1 | ````` @everyone\n" in text


def test_heads_and_findings_are_marked_in_the_picture(make: Any) -> None:
    findings = [make.finding(0, severity=WARNING), make.finding(0), make.finding(1)]
    findings += [make.finding(2, severity=WARNING)]
    lines = picture(write("markdown", make(findings, 5)))
    kinds = [line.partition("]")[2] for line in lines[1:6]]
    assert kinds == [":::error", ":::error", ":::warning", "", ":::head"]
    assert lines[6:10] == [f"    e0r{at} --> e0r{at + 1}" for at in range(4)]


def test_a_parent_that_is_missing_is_drawn(make: Any) -> None:
    made = make(revisions=[make.revision(0), make.revision(1, parent="gone")])
    lines = picture(write("markdown", made))
    assert '    e0m0["gone<br/>missing"]:::missing' in lines
    assert "    e0m0 --> e0r1" in lines


def test_a_long_chain_is_shortened_to_what_matters(make: Any) -> None:
    made = make([make.finding(500)], 1000)
    lines = picture(write("markdown", made))
    drawn = [line for line in lines if re.match(r'    e0r\d+\["', line)]
    assert len(drawn) <= MOST
    for key in ("r0", "r498", "r499", "r500", "r501", "r502", "r999"):
        assert any(f"{key}<br/>" in line for line in drawn)
    gaps = [line.split("… ")[1].split('"')[0] for line in lines if "… " in line]
    assert sorted(gaps) == ["494 revisions", "495 revisions"]
    hidden = 1000 - len(drawn)
    assert sum(int(gap.split()[0]) for gap in gaps) == hidden


def test_a_fork_in_a_long_chain_is_in_the_picture(make: Any) -> None:
    revisions = [make.revision(at) for at in range(300)]
    revisions += [make.revision(300, parent="r150")]
    lines = picture(write("markdown", make(revisions=revisions)))
    assert sum(line.endswith(":::head") for line in lines) == 2
    assert any("r150<br/>" in line for line in lines)


def test_any_number_of_heads_makes_a_small_picture(make: Any) -> None:
    revisions = [make.revision(0), *(make.revision(at, parent="r0") for at in range(1, 500))]
    lines = picture(write("markdown", make(revisions=revisions)))
    assert len(lines) < 4 * MOST


def test_a_cycle_is_drawn_and_ends(make: Any) -> None:
    revisions = [make.revision(at, parent=f"r{(at + 1) % 100}") for at in range(100)]
    revisions += [make.revision(100, parent="r50")]
    assert picture(write("markdown", make(revisions=revisions)))


@pytest.mark.parametrize(("form", "most"), [("markdown", SUMMARY), ("comment", COMMENT)])
def test_it_fits_however_much_there_is(make: Any, trip_of: Any, form: str, most: int) -> None:
    long = "`ü`" * 3000
    findings = [
        make.finding(at, message=long, help=long, path=f"{'é' * 900}{at}.py") for at in range(400)
    ]
    seen = {"statements": (lock_of("t" * 9000, "m", rewrites=("x" * 9000,)),) * 90}
    trip = trip_of(**{f"r{at}": seen for at in range(300)})
    made = make(findings, 300, roundtrips=trip, notes=("n" * 9000,) * 500)
    text = write(form, made)
    assert len(text.encode()) < most
    assert "Truncated here" in text
    assert text.count("\n```") % 2 == 0
    assert text.count("<details") == text.count("</details>")


def test_what_is_cut_off_ends_whole() -> None:
    text = (
        "## x\n<details><summary>a</summary>\n\n```mermaid\n"
        + "line é\n" * 100
        + "```\n</details>\n"
    )
    for most in range(220, len(text.encode())):
        cut = fit(text, most)
        assert len(cut.encode()) <= most
        assert cut.count("```") == 2
        assert cut.count("<details") == cut.count("</details>")
    assert fit(text, len(text.encode())) == text


def test_left_out_findings_are_counted(make: Any) -> None:
    findings = [make.finding(0, message=f"m{at}") for at in range(205)]
    assert "and 5 findings more" in write("markdown", make(findings))


def test_a_comment_is_found_again_by_its_first_line(make: Any) -> None:
    text = write("comment", make([make.finding()]))
    assert text.startswith(f"{MARK}\n## revgate")
    assert MARK == "<!-- revgate -->"
    assert text.count(MARK) == 1


def test_a_reviewer_sees_what_changes(make: Any, trip_of: Any) -> None:
    added = CatalogueChange("left", "table", "invoices", "", "")
    other = CatalogueChange("changed", "column", "users.email", "text", "varchar(9)")
    lock = lock_of("users", "ShareLock", 4, rewrites=("users",))
    second = Statement(5, 2.0, "SELECT 1, 2", shown="SELECT 1,\n\t2")
    new = {"statements": (lock, second), "changes": (added, other)}
    trip = trip_of(r0={"new": False}, r1=new)
    text = write("markdown", make([make.finding(1)], roundtrips=trip))
    assert "<summary>Schema changes and SQL: 2 statements, 12.1 ms</summary>" in text
    # Below its findings, and nowhere else.
    assert text.count("<code>r1</code>") == 1
    assert (
        "```diff\n+ table invoices\n  table users\n!   column email text → varchar(9)\n```\n"
    ) in text
    assert (
        "**1.** line 4, 1.0 ms; <code>ShareLock</code> on <code>users</code> for 1 ms;"
        " rewrites <code>users</code>\n\n```sql\nALTER TABLE users\n```\n"
    ) in text
    assert "**2.** line 5, 2.0 ms\n\n```sql\nSELECT 1,\n    2\n```\n" in text
    many: dict[str, dict[str, object]] = {f"r{number}": {} for number in range(21)}
    assert "statements" not in write("markdown", make([], roundtrips=trip_of(**many)))
