#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""
Runs the tests of engine and probe in namespaces: every function test_* of every test_*.py here, or those whose name
holds one of the given words. Each makes its own namespaces and removes them. The last line is "N passed, N failed, N
skipped"; the exit status is 1 if one failed or none ran.
"""
import importlib
import pathlib
import sys
import time
import traceback

import harness


def tests(words):
    for path in sorted(pathlib.Path(__file__).parent.glob("test_*.py")):
        module = importlib.import_module(path.stem)
        for name, function in list(vars(module).items()):
            title = f"{path.stem}: {name.removeprefix('test_').replace('_', ' ')}"
            if name.startswith("test_") and callable(function) and (not words or any(w in title for w in words)):
                yield title, function


def main(words):
    passed = failed = skipped = 0
    reason = harness.usable()
    for title, function in tests(words):
        if reason:
            print(f"SKIP {title}: {reason}")
            skipped += 1
            continue
        begin = time.monotonic()
        try:
            function()
        except harness.Skip as skip:
            print(f"SKIP {title}: {skip}")
            skipped += 1
        except Exception:  # whatever it is, the next test still runs
            print(f"FAIL {title}")
            traceback.print_exc(file=sys.stdout)
            failed += 1
        else:
            print(f"ok {title} ({time.monotonic() - begin:.2f} s)")
            passed += 1
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or passed + skipped == 0 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
