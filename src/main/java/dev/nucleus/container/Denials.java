package dev.nucleus.container;

import dev.nucleus.isolation.SystemCalls;
import dev.nucleus.spawner.DenialRecord;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.springframework.stereotype.Component;

/**
 * What containers tried and were refused: by seccomp, asked of the shim while one runs, and read from its record
 * afterwards; by Landlock, told by the kernel's audit records.
 */
@Component
public final class Denials {

    private static final long NANOS = 1_000_000_000;

    private final SystemCalls calls;
    private final LandlockDenials landlock;

    Denials(SystemCalls calls, LandlockDenials landlock) {
        this.calls = calls;
        this.landlock = landlock;
    }

    /** The most frequent first. */
    public List<Denial> of(Container container) throws IOException {
        return Stream.concat(records(container).stream().map(this::describe), landlock.of(container).stream())
                .sorted(Comparator.comparingLong(Denial::count)
                        .reversed()
                        .thenComparing(Denial::attempt)
                        .thenComparing(Denial::program))
                .toList();
    }

    private static List<DenialRecord> records(Container container) throws IOException {
        if (container.running()) {
            try {
                return container.shim().denials();
            } catch (IOException e) {
                // It may have ended this moment: then the record is there.
                if (container.running()) {
                    throw e;
                }
            }
        }
        Path file = container.directory().resolve("denials.json");
        try {
            return Files.readAllLines(file).stream().map(DenialRecord::parse).toList();
        } catch (NoSuchFileException e) {
            return List.of();
        }
    }

    private Denial describe(DenialRecord entry) {
        String call = calls.name(entry.architecture(), entry.number());
        String attempt = calls.argument(call, entry.argument())
                .map(argument -> call + "(" + argument + ")")
                .orElse(call);
        return new Denial(
                entry.program(),
                attempt,
                "seccomp",
                calls.reason(call),
                entry.count(),
                instant(entry.first()),
                instant(entry.last()));
    }

    private static Instant instant(long nanos) {
        return Instant.ofEpochSecond(nanos / NANOS, nanos % NANOS);
    }
}
