package dev.nucleus.policy;

import dev.nucleus.spec.PolicySource;
import dev.nucleus.spec.fleetfile.Problem;
import dev.nucleus.spec.fleetfile.YamlDocument;
import dev.nucleus.spec.fleetfile.YamlMapping;
import dev.nucleus.spec.fleetfile.YamlValue;
import dev.nucleus.text.FileErrors;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.apache.commons.codec.digest.DigestUtils;

/**
 * A policy file as it was read: what its pin is compared with are these bytes, and no others are used.
 *
 * @param sha256 of the bytes, in lower-case hexadecimal
 */
record PolicyFile(String field, Path path, String text, String sha256) {

    private static final int LARGEST = 1 << 20;

    /**
     * @param field of the spec that names the file, for errors
     * @throws PolicyViolationException when it can't be read, is too large, or isn't what its pin says
     */
    static PolicyFile read(String field, PolicySource.File source) {
        byte[] bytes;
        try (InputStream in = Files.newInputStream(source.path())) {
            bytes = in.readNBytes(LARGEST + 1);
        } catch (IOException e) {
            throw violation(field + ": can't read " + source.path() + ": " + FileErrors.reason(e));
        }
        if (bytes.length > LARGEST) {
            throw violation(field + ": " + source.path() + " is larger than " + LARGEST + " bytes");
        }
        String digest = DigestUtils.sha256Hex(bytes);
        source.sha256().filter(pin -> !pin.equals(digest)).ifPresent(pin -> {
            throw violation(field + ": " + source.path() + " has the SHA-256 " + digest + ", but " + pin
                    + " is pinned; look at what changed, then pin the new one");
        });
        return new PolicyFile(field, source.path(), new String(bytes, StandardCharsets.UTF_8), digest);
    }

    /**
     * Reads the text as YAML fields.
     *
     * @param reader gives nothing only for a mistake that it reports
     * @throws PolicyViolationException with every mistake in it
     */
    <T> T yaml(Function<YamlMapping, Optional<T>> reader) {
        var problems = new ArrayList<Problem>();
        Optional<T> read = YamlDocument.read(path.toString(), text, problems)
                .flatMap(YamlValue::mapping)
                .flatMap(fields -> {
                    Optional<T> value = reader.apply(fields);
                    fields.finish();
                    return value;
                });
        if (!problems.isEmpty()) {
            throw new PolicyViolationException(
                    problems.stream().map(problem -> field + ": " + problem).toList());
        }
        return read.orElseThrow();
    }

    /** A refusal on account of this file. */
    PolicyViolationException violation(Exception cause) {
        return violation(field + ": " + path + ": " + cause.getMessage());
    }

    private static PolicyViolationException violation(String refusal) {
        return new PolicyViolationException(List.of(refusal));
    }
}
