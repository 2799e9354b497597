#!/bin/sh
# Whether pandas is installed changes what pyarrow gives for a time of day: with it the nanoseconds are gone, without a word.
#
# Versions   pyarrow 26.0.1, pandas 3.1.1; Python 3.11 and later
# Expected   `to_pylist()` of a time64[ns] column with nanoseconds either keeps them or raises, whatever else is installed.
#            Without pandas it raises ValueError, which says that pandas would return them with nanosecond support
# Seen       once pandas is installed (nobody imports it) the same call gives datetime.time(0, 0) for 5 ns and raises
#            nothing. A timestamp[ns] beside it does come with its nanoseconds, as a pandas.Timestamp
# Why        pandas has a type for a point in time and none for a time of day; pyarrow divides by 1,000 and goes on
# It matters for whoever hashes or keys rows: the same file has other rows in an environment that has pandas.
set -eu
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cat >"$folder/look.py" <<'PYTHON'
import pyarrow

for kind in pyarrow.time64("ns"), pyarrow.timestamp("ns"):
    try:
        got = repr(pyarrow.array([5], kind).to_pylist()[0])
    except ValueError as error:
        got = "ValueError, pandas is named" if "pandas" in str(error) else f"ValueError: {error}"
    print(f"{kind}: {got}")
PYTHON
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet pyarrow==26.0.1
alone="$("$folder/venv/bin/python" "$folder/look.py")"
"$folder/venv/bin/pip" install --quiet pandas==3.1.1
beside="$("$folder/venv/bin/python" "$folder/look.py")"
printf 'without pandas\n%s\nbeside pandas\n%s\n' "$alone" "$beside"
test "$alone" = "time64[ns]: ValueError, pandas is named
timestamp[ns]: ValueError, pandas is named"
test "$beside" = "time64[ns]: datetime.time(0, 0)
timestamp[ns]: Timestamp('1970-01-01 00:00:00.000000005')"
