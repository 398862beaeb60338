package dev.nucleus.startup;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.springframework.util.FileSystemUtils;

/**
 * {@code java -jar nucleus.jar prepare}: extracts the jar into a directory beside it and records the classes that a
 * start loads, in a training run with its own directories and no containers.
 */
public final class JarPreparation {

    /** The argument that requests the preparation. */
    public static final String COMMAND = "prepare";

    private static final Path JAVA = Path.of(System.getProperty("java.home"), "bin", "java");

    private final PreparedJar prepared;

    private JarPreparation(PreparedJar prepared) {
        this.prepared = prepared;
    }

    /** @return the exit code: 0 when the jar is prepared */
    public static int run(Class<?> application) {
        Optional<Path> jar = PreparedStart.nestedJar(application);
        if (jar.isEmpty()) {
            System.err.println("nucleus: only the executable jar can be prepared: java -jar nucleus.jar prepare");
            return 2;
        }
        PreparedJar prepared = PreparedJar.of(jar.get());
        try {
            new JarPreparation(prepared).run();
            return 0;
        } catch (IOException e) {
            System.err.println(
                    "nucleus: " + prepared.jar() + " could not be prepared, so it starts slowly: " + e.getMessage());
            return 1;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return 1;
        }
    }

    private void run() throws IOException, InterruptedException {
        FileSystemUtils.deleteRecursively(prepared.directory());
        Path scratch = Files.createTempDirectory("nucleus-prepare-");
        try {
            java(
                    scratch,
                    "-Djarmode=tools",
                    "-jar",
                    prepared.jar().toString(),
                    "extract",
                    "--destination",
                    prepared.directory().toString());
            var training = new ArrayList<>(List.of("-XX:AOTCacheOutput=" + prepared.cache()));
            training.addAll(JarCommandLine.JVM_OPTIONS);
            training.addAll(List.of(
                    "-D" + TrainingRun.PROPERTY + "=true",
                    "-jar",
                    prepared.classes().toString(),
                    "--nucleus.state-dir=" + scratch.resolve("state"),
                    "--nucleus.run-dir=" + scratch.resolve("run"),
                    "--nucleus.fleets=",
                    "--server.port=0"));
            java(scratch, training.toArray(String[]::new));
            prepared.writeScript(JAVA);
            prepared.seal();
        } catch (IOException | InterruptedException e) {
            FileSystemUtils.deleteRecursively(prepared.directory());
            throw e;
        } finally {
            FileSystemUtils.deleteRecursively(scratch);
        }
    }

    private static void java(Path scratch, String... words) throws IOException, InterruptedException {
        var command = new ArrayList<>(List.of(JAVA.toString()));
        command.addAll(List.of(words));
        Path log = scratch.resolve("log");
        Process process = new ProcessBuilder(command)
                .directory(scratch.toFile())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        if (process.waitFor() != 0) {
            throw new IOException(
                    String.join(" ", command) + " exited with " + process.exitValue() + ":\n" + Files.readString(log));
        }
    }
}
