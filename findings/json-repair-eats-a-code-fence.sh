#!/bin/sh
# json_repair takes the code fence away from a text that begins with a JSON block, and leaves the letter "n" in its place.
#
# Versions   json_repair 0.64.6; Python 3.10 and later
# Expected   arguments of a tool call, repaired each time that a piece of them comes (`stream_stable=True` is made for that):
#            the text grows at its end, and what stands whole between two quotes stays as it is
# Seen       the arguments of a tool that writes a page, whose text begins with a fence of JSON:
#            1. until that fence is closed the text grows as it should. Then it changes at its beginning: "```json" and the
#               newline are gone, an "n" is there: "n{"port": 80} ...". So it stays, through the next argument too
#            2. the stream breaks off at the last brace: that is mended, with and without `stream_stable`, and the text of
#               the mended call begins "n{"
#            A fence of another language is left alone, and so is a JSON fence that does not begin the text. The whole
#            arguments come back right, as valid JSON never gets to the repairer.
# Why        a string that begins with "```json" is tried as a fenced block, whose fence has to go; what is in it is still
#            escaped there, so of the newline the backslash goes and the "n" stays
# It matters for programs that show or write a file while its text is streamed, and for calls that are repaired and run.
set -eu
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet json_repair==0.64.6
"$folder/venv/bin/python" - <<'PYTHON'
import json

import json_repair

BLOCK = '```json\n{"port": 80}\n```\nThen restart.'
TEXTS = {
    "JSON first": BLOCK,
    "JSON second": "Write this:\n" + BLOCK,
    "Python first": BLOCK.replace("```json", "```python"),
}
for kind, text in TEXTS.items():
    whole = json.dumps({"path": "setup.md", "text": text, "mode": "overwrite"})
    assert json_repair.loads(whole) == json.loads(whole)
    seen = [""]
    for length in range(1, len(whole)):
        arguments = json_repair.loads(whole[:length], stream_stable=True)
        now = arguments.get("text", "") if isinstance(arguments, dict) else ""
        if not now.startswith(seen[-1]):
            print(f"{kind}: after {whole[:length]!r} {seen[-1]!r} has become {now!r}")
            seen.append(now)
        seen[-1] = now
    mended = json_repair.loads(whole[:-1])
    print(f"{kind}: last brace missing: {mended}")
    assert (mended["path"], mended["mode"]) == ("setup.md", "overwrite"), "the comparison is not as it should be"
    if kind == "JSON first":
        assert seen == ['```json\n{"port": 80}\n``', 'n{"port": 80}\n```\nThen restart.'], "this has changed"
        assert mended["text"] == 'n{"port": 80}\n```\nThen restart.', "this has changed"
    else:
        assert seen == [text] and mended["text"] == text, "the comparison is not as it should be"
PYTHON
echo "as described"
