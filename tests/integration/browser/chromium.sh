#!/bin/sh
# Installs Chromium for the tests of the pages: with apt-get, as root on Debian or Ubuntu. Elsewhere
# nothing happens, and the tests say that they need it. Without windows (Debian's headless shell) it
# needs half the processor time: a Chromium with windows is enough only where there is no other.
set -eu
command -v chromium-headless-shell >/dev/null && exit 0
if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
  echo 'Installing Chromium, for the tests of the pages.'
  export DEBIAN_FRONTEND=noninteractive
  {
    apt-get update -qq &&
      apt-get install -qq --no-install-recommends chromium-headless-shell 2>/dev/null ||
      command -v chromium || command -v chromium-browser || command -v google-chrome ||
      apt-get install -qq --no-install-recommends chromium
  } >/dev/null ||
    echo 'Chromium could not be installed: the tests of the pages are skipped.'
fi
