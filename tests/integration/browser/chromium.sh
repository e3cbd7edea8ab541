#!/bin/sh
# Chromium for the tests of the inbox page, where there is none: by apt-get, as root on a Debian or
# Ubuntu. CI asks for it; elsewhere nothing happens, and the tests say what they miss.
set -eu
for name in chromium chromium-browser google-chrome; do
  command -v "$name" >/dev/null && exit 0
done
if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
  echo 'Installing Chromium, for the tests of the inbox page.'
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
    apt-get install -qq --no-install-recommends chromium; } >/dev/null ||
    echo 'Chromium could not be installed: the tests of the inbox page are skipped.'
fi
