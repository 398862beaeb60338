package dev.nucleus.network;

import dev.nucleus.settings.PrivateDirectories;
import dev.nucleus.spec.Egress;
import dev.nucleus.spec.EgressRule;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Egress policies that containers were given while they ran, on disk for a later manager: a line per rule. */
final class EgressChanges {

    private static final Logger log = LoggerFactory.getLogger(EgressChanges.class);

    private final Path directory;

    EgressChanges(Path directory) {
        this.directory = directory;
    }

    /** A policy that can't be read allows nothing: it may have been tightened. */
    Optional<Egress> of(String id) {
        Path file = directory.resolve(id);
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        try {
            return Optional.of(parse(Files.readAllLines(file)));
        } catch (IOException | RuntimeException e) {
            log.error("can't read the egress policy of container {}; denying all its egress: {}", id, e.toString());
            return Optional.of(Egress.NONE);
        }
    }

    private static Egress parse(List<String> lines) {
        var allow = new ArrayList<EgressRule>();
        var deny = new ArrayList<EgressRule>();
        for (String line : lines.subList(1, lines.size())) {
            String[] words = line.split(" ", 2);
            (words[0].equals("allow") ? allow : deny).add(EgressRule.parse(words[1]));
        }
        return new Egress(lines.getFirst().equals("open"), allow, deny);
    }

    private static List<String> lines(Egress egress) {
        var lines = new ArrayList<String>();
        lines.add(egress.open() ? "open" : "none");
        egress.allow().forEach(rule -> lines.add("allow " + rule));
        egress.deny().forEach(rule -> lines.add("deny " + rule));
        return lines;
    }

    void set(String id, Egress egress) {
        try {
            PrivateDirectories.create(directory);
            byte[] content = (String.join("\n", lines(egress)) + "\n").getBytes(StandardCharsets.UTF_8);
            AtomicFile.write(directory.resolve(id), content);
        } catch (IOException e) {
            throw new UncheckedIOException(
                    "can't write the egress policy of container " + id + ", so it is not changed: " + e, e);
        }
    }

    void remove(String id) {
        try {
            Files.deleteIfExists(directory.resolve(id));
        } catch (IOException e) {
            log.warn("can't delete the egress policy of ended container {}: {}", id, e.toString());
        }
    }

    /** Deletes the policies of all other containers. */
    void keepOnly(Collection<String> ids) {
        ContainerFiles.keepOnly(directory, ids);
    }
}
