#!/bin/bash
# Builds what programs on Windows take along, for 64 and 32 bits: helo.dll, the import library libhelo.dll.a with the helo.def
# that it comes of, helo-server.exe and helo-check.exe. All of it runs from Windows 7 on.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh
. scripts/windows/build.sh

can_build_windows || exit 1
profile=${HELO_WINDOWS_PROFILE:-release}
for pair in $windows_64 $windows_32; do
    for_windows "$pair" build --package helo-library
    for_windows "$pair" build --package helo --bins
    import_library "$pair"
    folder=$(windows_folder "$pair")
    "${pair#*:}-strip" "$folder/helo.dll" "$folder"/helo-{server,check}.exe
    (cd "$folder" && ls -l helo.dll libhelo.dll.a helo.def helo-server.exe helo-check.exe)
done
