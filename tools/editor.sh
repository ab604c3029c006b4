#!/bin/sh
# Fetch the built SPARQL editor from npm into the package. The version stands here and in its NOTICE; look at the diff before you commit.
set -eu
version=4.6.2
target=$(cd "$(dirname "$0")/.." && pwd)/kg/serve/static/yasgui
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm pack --silent "@zazuko/yasgui@$version" >/dev/null
tar xzf ./*.tgz
cp package/build/yasgui.min.js package/build/yasgui.min.css "$target/"
