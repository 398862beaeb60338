package dev.nucleus.denial;

import dev.nucleus.container.Container;
import dev.nucleus.shim.DenialRecord;
import dev.nucleus.shim.ShimTimeoutException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.springframework.stereotype.Component;

/**
 * The denials of containers: by seccomp, from the shim while a container runs and from its record afterwards; by
 * Landlock, from the kernel's audit records.
 */
@Component
public final class Denials {

    private static final long NANOS = 1_000_000_000;

    /** Time allowed between a shim closing its socket and the manager handling the end of its container. */
    private static final Duration ENDING = Duration.ofSeconds(5);

    private final SystemCalls calls;
    private final LandlockDenials landlock;

    Denials(SystemCalls calls, LandlockDenials landlock) {
        this.calls = calls;
        this.landlock = landlock;
    }

    /** The denials of a container, the most frequent first. */
    public List<Denial> of(Container container) throws IOException {
        return Stream.concat(records(container).stream().map(this::describe), landlock.of(container).stream())
                .sorted(Comparator.comparingLong(Denial::count)
                        .reversed()
                        .thenComparing(Denial::attempt)
                        .thenComparing(Denial::program))
                .toList();
    }

    private static List<DenialRecord> records(Container container) throws IOException {
        if (container.isRunning()) {
            try {
                return container.shim().denials();
            } catch (ShimTimeoutException e) {
                throw e;
            } catch (IOException e) {
                // The shim closes its socket a moment before the manager learns of the container's end. The record is
                // complete then.
                if (!endsSoon(container)) {
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

    private static boolean endsSoon(Container container) {
        try {
            container.end().get(ENDING.toMillis(), TimeUnit.MILLISECONDS);
            return true;
        } catch (TimeoutException e) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
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
                calls.reason(call, entry.argument()),
                entry.count(),
                instant(entry.first()),
                instant(entry.last()));
    }

    private static Instant instant(long nanos) {
        return Instant.ofEpochSecond(nanos / NANOS, nanos % NANOS);
    }
}
