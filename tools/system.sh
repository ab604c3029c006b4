#!/bin/sh
# What the tests use beside Python: Java for the reasoner, rapper and Virtuoso as other people's parsers and stores, Chromium to use the pages.
# Where this may not install, the tests that need them are skipped and say so.
set -u
missing=""
command -v java >/dev/null || missing="$missing default-jre-headless"
command -v rapper >/dev/null || missing="$missing raptor2-utils"
command -v chromium >/dev/null || missing="$missing chromium fonts-dejavu-core"
command -v virtuoso-t >/dev/null || missing="$missing virtuoso-opensource-7-bin"
[ -z "$missing" ] && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    export DEBIAN_FRONTEND=noninteractive
    { apt-get update -qq && apt-get install -y -qq --no-install-recommends $missing; } >/dev/null 2>&1 ||
        echo "could not install:$missing (the tests that need them are skipped)" >&2
else
    echo "not installed:$missing (the tests that need them are skipped)" >&2
fi
exit 0
