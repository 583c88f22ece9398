#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""
Runs the tests of engine and probe in namespaces: every function test_* of every test_*.py here, or those whose
title holds one of the given words. Each makes its own namespaces and removes them. The last line is "N passed, N failed, N
skipped"; the exit status is 1 if one failed or none ran. A title begins with the rows of docs/features.tsv that the test proves.
ZT_COUNTS and ZT_TESTS name files for the account: what was counted, and the state of each test by id.
"""
import importlib
import json
import os
import pathlib
import sys
import time
import traceback

import harness


def tests(words):
    """(id, function) of each."""
    for path in sorted(pathlib.Path(__file__).parent.glob("test_*.py")):
        module = importlib.import_module(path.stem)
        for name, function in list(vars(module).items()):
            if not name.startswith("test_") or not callable(function):
                continue
            rows = "".join(f"[{row}] " for row in getattr(function, "rows", ()))
            title = f"dataplane/test/run/{path.name} > {rows}{name.removeprefix('test_').replace('_', ' ')}"
            if not words or any(word in title for word in words):
                yield title, function


def outcome(function):
    """State, and what is to be said of it."""
    try:
        function()
    except harness.Skip as skip:
        return "skipped", str(skip)
    except Exception:  # whatever it is, the next test still runs
        return "failed", traceback.format_exc()
    return "passed", ""


def account(variable, value):
    if os.environ.get(variable):
        pathlib.Path(os.environ[variable]).write_text(json.dumps(value, indent=1))


def main(words):
    done = []
    reason = harness.usable()
    for title, function in tests(words):
        begin = time.monotonic()
        state, said = ("skipped", reason) if reason else outcome(function)
        seconds = time.monotonic() - begin
        print({"passed": f"ok {title} ({seconds:.2f} s)", "failed": f"FAIL {title}\n{said}",
               "skipped": f"SKIP {title}: {said}"}[state], flush=True)
        done.append({"id": title, "state": state, "ms": round(seconds * 1000), "said": said})
    passed, failed, skipped = ([test for test in done if test["state"] == state] for state in ("passed", "failed", "skipped"))
    account("ZT_TESTS", [{key: test[key] for key in ("id", "state", "ms")} for test in done])
    account("ZT_COUNTS", {
        "passed": len(passed), "failed": len(failed),
        "skipped": [{"name": test["id"], "reason": test["said"]} for test in skipped],
        "failures": [f"{test['id']}: {test['said'].strip().splitlines()[-1]}" for test in failed],
    })
    print(f"{len(passed)} passed, {len(failed)} failed, {len(skipped)} skipped")
    return 1 if failed or not done else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
