package dev.nucleus.bench;

import dev.nucleus.support.ManagerProcess;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The jar taken apart, with an AOT cache beside it, as docs/install.md has it. */
final class InstalledManager {

    private static final String JAVA =
            Path.of(System.getProperty("java.home"), "bin", "java").toString();

    private InstalledManager() {}

    /** @return the cache */
    static Path install(Path directory) throws IOException, InterruptedException {
        run(
                List.of("-Djarmode=tools"),
                ManagerProcess.program(),
                "extract",
                "--force",
                "--destination",
                directory.toString());
        Path cache = directory.resolve("nucleus.aot");
        run(
                List.of("-XX:AOTCacheOutput=" + cache, "-Dspring.context.exit=onRefresh"),
                List.of("-jar", directory.resolve("nucleus.jar").toString()),
                "--nucleus.state-dir=" + directory.resolve("state"),
                "--nucleus.run-dir=" + directory.resolve("run"),
                "--server.port=0");
        return cache;
    }

    private static void run(List<String> options, List<String> program, String... arguments)
            throws IOException, InterruptedException {
        var command = new ArrayList<>(List.of(JAVA));
        command.addAll(options);
        command.addAll(program);
        command.addAll(List.of(arguments));
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        if (process.waitFor() != 0) {
            throw new IOException(command + " ended with " + process.exitValue());
        }
    }
}
