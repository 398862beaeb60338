package dev.nucleus.bench;

import dev.nucleus.rootfs.RootfsAttestation;
import dev.nucleus.rootfs.RootfsBuilder;
import dev.nucleus.support.Remains;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** The time to verify a root filesystem that RootfsBuilder made of this JDK's own directory, some 300 MiB. */
final class AttestationBenchmark {

    private static final int ROUNDS = 9;
    /** A result is not cached if a file changed a moment before. */
    private static final Duration SETTLED = Duration.ofMillis(1_200);

    private AttestationBenchmark() {}

    static void measure(Figures figures) throws IOException, InterruptedException {
        Path directory = Files.createTempDirectory("nucleus-bench-");
        try {
            Path jdk = Path.of(System.getProperty("java.home")).toRealPath();
            RootfsBuilder.Result built = RootfsBuilder.build(
                    directory.resolve("rootfs"), List.of(Path.of("/bin/sh")), List.of(jdk), List.of());
            Thread.sleep(SETTLED);
            var cold = new ArrayList<Double>();
            var cached = new ArrayList<Double>();
            for (int i = 0; i < ROUNDS; i++) {
                RootfsAttestation attestation = RootfsAttestation.ofThisUser();
                cold.add(verify(attestation, directory) / 1e9);
                cached.add(verify(attestation, directory) / 1e6);
            }
            figures.note(
                    "attested: %d files, %d MiB".formatted(built.attestation().files(), built.bytes() >> 20));
            figures.add("attestation, never verified before (s), p50", cold, 50, "≤ 1.5");
            figures.add("attestation, verified before (ms), p50", cached, 50, "≤ 20");
        } finally {
            Remains.delete(directory);
        }
    }

    private static double verify(RootfsAttestation attestation, Path directory) {
        long begun = System.nanoTime();
        attestation.verify(directory.resolve("rootfs"));
        return System.nanoTime() - begun;
    }
}
