#!/bin/sh
# Prepares the host for the test tiers after the unit tests: installs packages, and records what is there that containers
# could also leave behind. Usage: prepare-host.sh FOLDER
set -eu
cd "$(dirname "$0")"
./install-packages.sh
./leftovers.sh record "$1"
