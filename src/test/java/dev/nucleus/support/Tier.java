package dev.nucleus.support;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Runs the main classes of a profile (bench, escape, kills, stress), each in a JVM of its own, after installing the
 * packages they need. Ends with the exit code of the first that fails.
 */
final class Tier {

    private Tier() {}

    public static void main(String[] mainClasses) throws IOException, InterruptedException {
        exitOnFailure(List.of("src/test/install-packages.sh"));
        for (String mainClass : mainClasses) {
            List<String> command = new ArrayList<>();
            command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
            command.add("--enable-native-access=ALL-UNNAMED");
            command.add("-Dlogging.level.root=warn");
            for (String property : List.of("seed", "stress.seconds")) {
                command.add("-D" + property + "=" + System.getProperty(property, ""));
            }
            command.addAll(List.of("-classpath", System.getProperty("java.class.path"), mainClass));
            exitOnFailure(command);
        }
    }

    private static void exitOnFailure(List<String> command) throws IOException, InterruptedException {
        int code = new ProcessBuilder(command).inheritIO().start().waitFor();
        if (code != 0) {
            System.exit(code);
        }
    }
}
