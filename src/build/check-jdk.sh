#!/bin/sh
# Warns in one sentence when no JDK 25 can be found, before Maven fails with a less clear message. Never fails itself:
# Maven may know of other places.
for home in "${JAVA_HOME:-}" /usr/lib/jvm/* /usr/java/* /opt/*jdk* "$HOME"/.jdks/* "$HOME"/.m2/jdks/* \
	"$HOME"/.sdkman/candidates/java/* "$HOME"/.local/share/mise/installs/java/*; do
	if grep -qs 'JAVA_VERSION="25' "$home/release" && [ -x "$home/bin/javac" ]; then
		exit 0
	fi
done
echo "*** JDK 25 is missing: install one of any vendor (such as Temurin's temurin-25-jdk) or set JAVA_HOME to it; Maven itself may run on another." >&2
exit 0
