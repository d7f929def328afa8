"""The command line."""

import harness
from harness import *


def test_misuse_is_named_and_exits_100():
    good = {
        "uid": "1000", "gid": "1000", "user": "alice", "backend": "/b", "config": "/c", "runtime": "/r", "group": "-", "ready": "/f", "log": "/l",
    }
    rows = [({key: None}, f"missing: {key}") for key in good]
    rows += [({key: "relative"}, f"not an absolute path: {key}") for key in ("backend", "config", "runtime", "group", "ready", "log")]
    rows += [({key: ""}, "the value is empty") for key in good]
    rows += [({"uid": text}, "uid") for text in ("-1", "01", "1x", " 1", "4294967295", "99999999999999999999", "0x1")]
    rows += [({"runtime": "/" + "r" * 200}, "too long: runtime"), ({"other": "x"}, "not an argument: other=x")]
    for change, words in rows:
        arguments = [f"{key}={value}" for key, value in {**good, **change}.items() if value is not None]
        done = subprocess.run([harness.RUNNER, *arguments], capture_output=True, text=True)
        equal(done.returncode, 100, f"{change} {done.stderr}")
        true(words in done.stderr and done.stderr.startswith("sessionman-run: ") and done.stderr.count("\n") == 1, done.stderr)
    for extra, words in ((["uid=1"], "given twice"), (["--help"], "not an argument"), ([], "descriptor 3")):
        done = subprocess.run([harness.RUNNER, *(f"{key}={value}" for key, value in good.items()), *extra], capture_output=True, text=True)
        true(done.returncode == 100 and words in done.stderr, done.stderr)
