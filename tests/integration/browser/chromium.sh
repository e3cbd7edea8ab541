#!/bin/sh
# Installs Chromium for the tests of the pages, if it is missing: with apt-get, as root on Debian
# or Ubuntu. Elsewhere nothing happens, and the tests say that they need it. Without windows
# (Debian's headless shell) it needs half the processor time.
set -eu
for name in chromium-headless-shell chromium chromium-browser google-chrome; do
  command -v "$name" >/dev/null && exit 0
done
if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
  echo 'Installing Chromium, for the tests of the pages.'
  export DEBIAN_FRONTEND=noninteractive
  { apt-get update -qq && {
    apt-get install -qq --no-install-recommends chromium-headless-shell 2>/dev/null ||
      apt-get install -qq --no-install-recommends chromium
  }; } >/dev/null ||
    echo 'Chromium could not be installed: the tests of the pages are skipped.'
fi
