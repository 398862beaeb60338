package dev.nucleus.bench;

import dev.nucleus.container.LaunchOrder;
import dev.nucleus.plan.PlanEncoder;
import dev.nucleus.support.Remains;
import dev.nucleus.support.TestManager;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The same launches without a manager, a supervisor, a record or a log: the kernel's share. Its program is
 * {@code native/bench/launch_floor.c}.
 */
final class LaunchFloor {

    private static final Path NATIVE = Path.of("target/native").toAbsolutePath();

    private LaunchFloor() {}

    /**
     * @param launches how many run one at a time; a tenth of that runs in each place side by side
     * @param places how many are under way side by side
     * @return figures by name, as the program prints them
     */
    static Map<String, Double> measure(TestManager manager, LaunchOrder order, int launches, int places)
            throws IOException, InterruptedException {
        run(
                "make",
                "-s",
                "-C",
                "native",
                "OUT=" + NATIVE,
                NATIVE.resolve("launch-floor").toString());
        Path directory = Files.createTempDirectory("nucleus-bench-");
        try {
            var command =
                    new ArrayList<>(List.of(NATIVE.resolve("launch-floor").toString(), Integer.toString(launches)));
            for (int i = 0; i < places; i++) {
                ByteBuffer plan = PlanEncoder.encode(manager.containers().plan(order), new byte[0]);
                byte[] bytes = new byte[plan.remaining()];
                plan.get(bytes);
                command.add(Files.write(directory.resolve("plan-" + i), bytes).toString());
            }
            var figures = new TreeMap<String, Double>();
            for (String line : run(command.toArray(String[]::new)).lines().toList()) {
                int space = line.indexOf(' ');
                figures.put(line.substring(0, space), Double.valueOf(line.substring(space + 1)));
            }
            return figures;
        } finally {
            Remains.delete(directory);
        }
    }

    private static String run(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        String out;
        try (var reader = process.inputReader()) {
            out = reader.readAllAsString();
        }
        if (process.waitFor() != 0) {
            throw new IOException(command[0] + " ended with " + process.exitValue());
        }
        return out;
    }
}
