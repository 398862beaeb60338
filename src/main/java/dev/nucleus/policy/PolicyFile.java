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
 * A policy file as it was read: its pin is compared with exactly the bytes that are used.
 *
 * @param sha256 of the bytes, in lower-case hexadecimal
 */
record PolicyFile(String field, Path path, String text, String sha256) {

    private static final int MAX_BYTES = 1 << 20;

    /**
     * @param field the spec's field that names the file, for errors
     * @throws PolicyViolationException when it can't be read, is too large, or doesn't match its pin
     */
    static PolicyFile read(String field, PolicySource.File source) {
        byte[] bytes;
        try (InputStream in = Files.newInputStream(source.path())) {
            bytes = in.readNBytes(MAX_BYTES + 1);
        } catch (IOException e) {
            throw violation(field + ": can't read " + source.path() + ": " + FileErrors.reason(e));
        }
        if (bytes.length > MAX_BYTES) {
            throw violation(field + ": " + source.path() + " is larger than " + MAX_BYTES + " bytes");
        }
        String digest = DigestUtils.sha256Hex(bytes);
        source.sha256().filter(pin -> !pin.equals(digest)).ifPresent(pin -> {
            throw violation(field + ": " + source.path() + " has the SHA-256 " + digest + ", but " + pin
                    + " is pinned; review what changed, then pin the new digest");
        });
        return new PolicyFile(field, source.path(), new String(bytes, StandardCharsets.UTF_8), digest);
    }

    /**
     * Parses the text as YAML fields.
     *
     * @param reader returns empty only for a problem that it reports
     * @throws PolicyViolationException listing every problem
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

    /** A refusal because of this file. */
    PolicyViolationException violation(Exception cause) {
        return violation(field + ": " + path + ": " + cause.getMessage());
    }

    private static PolicyViolationException violation(String refusal) {
        return new PolicyViolationException(List.of(refusal));
    }
}
