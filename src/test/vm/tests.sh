#!/bin/sh
# Runs the tests inside the virtual machine. usage: tests.sh CLASSPATH
set -eu
for java in /usr/lib/jvm/*25*/bin/java; do
	exec "$java" -XX:+UseSerialGC -XX:TieredStopAtLevel=1 --enable-native-access=ALL-UNNAMED -classpath "$1" \
		dev.nucleus.support.VirtualMachineTests
done
