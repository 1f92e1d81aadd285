#!/bin/bash
# Installs what `make build` made: the shared library with its links, the static one, the programs, the headers, helo.pc,
# and the pages with the examples of a service.
#
#   scripts/install.sh DESTDIR PREFIX LIBDIR INCLUDEDIR
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh

destdir=$1 prefix=$2 libdir=$3 includedir=$4
built=target/release
version=$(version)
# The name under which programs look for it, from the file itself.
soname=$(objdump -p "$built/libhelo.so" | awk '$1 == "SONAME" { print $2 }')
if [ -z "$soname" ]; then
    echo "$built/libhelo.so has no soname" >&2
    exit 1
fi

install -d "$destdir$libdir/pkgconfig" "$destdir$includedir"
install -m 755 "$built/libhelo.so" "$destdir$libdir/libhelo.so.$version"
strip --strip-unneeded "$destdir$libdir/libhelo.so.$version"
ln -sf "libhelo.so.$version" "$destdir$libdir/$soname"
ln -sf "$soname" "$destdir$libdir/libhelo.so"
install -m 644 "$built/libhelo.a" "$destdir$libdir/libhelo.a"
# Debug information that stands in members of its own cannot be stripped, only taken out. What binutils say is shown only
# when they fail: with a plugin for another LLVM installed they complain of every member.
quietly() {
    local said
    said=$("$@" 2>&1) || { echo "$said" >&2; return 1; }
}
mapfile -t apart < <(ar t "$built/libhelo.a" 2> /dev/null | grep '\.dwo$' | sort -u)
[ ${#apart[@]} -eq 0 ] || quietly ar d "$destdir$libdir/libhelo.a" "${apart[@]}"
quietly strip --strip-debug "$destdir$libdir/libhelo.a"

for program in helo-server helo-check; do
    install -D -m 755 -s "$built/$program" "$destdir$prefix/bin/$program"
done

# One folder a face: programs say -I.../helo/distinct, or `pkg-config --variable=headers helo`/distinct.
(cd include && find . -name '*.h' -print0) | while IFS= read -r -d '' header; do
    install -D -m 644 "include/$header" "$destdir$includedir/helo/$header"
done

# The pages, and what a service needs, with the paths of this installation.
doc=$prefix/share/doc/helo
for page in docs/*.md; do
    install -D -m 644 "$page" "$destdir$doc/${page#docs/}"
done
for example in docs/examples/*; do
    mode=644
    [ ! -x "$example" ] || mode=755
    install -d "$destdir$doc/examples"
    sed "s|/usr/local/|$prefix/|g" "$example" > "$destdir$doc/examples/${example##*/}"
    chmod "$mode" "$destdir$doc/examples/${example##*/}"
done

cat > "$destdir$libdir/pkgconfig/helo.pc" << PC
prefix=$prefix
libdir=$libdir
headers=$includedir/helo

Name: helo
Description: The APIs of old SMTP libraries over one modern SMTP engine
Version: $version
Libs: -L\${libdir} -lhelo
Libs.private: -lgcc_s -lutil -lrt -lpthread -lm -ldl
Cflags: -I\${headers}
PC
