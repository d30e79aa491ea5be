#!/bin/sh
# Makes a page of each text in /src/pages, and takes those from /cache that were made of the same text before.
set -e
mkdir -p /out
echo "$RELEASE" > /out/release.txt
for text in /src/pages/*.txt; do
  name=$(basename "$text" .txt)
  kept="/cache/$(sha256sum < "$text" | cut -c 1-16).html"
  if [ -e "$kept" ]; then
    echo "kept $name"
  else
    { read -r title; echo "<h1>$title</h1>"; cat; } < "$text" > "$kept.new"
    mv "$kept.new" "$kept"
    echo "made $name"
  fi
  cp "$kept" "/out/$name.html"
done
