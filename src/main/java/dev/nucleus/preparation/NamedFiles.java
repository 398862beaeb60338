package dev.nucleus.preparation;

import dev.nucleus.kernel.TrustedPath;
import dev.nucleus.spec.ContainerSpec;
import dev.nucleus.spec.PolicySource;
import dev.nucleus.spec.SecretMount;
import dev.nucleus.spec.Security;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.commons.codec.digest.HmacAlgorithms;
import org.apache.commons.codec.digest.HmacUtils;

/** The files whose contents a container gets: its secrets and policies. */
public final class NamedFiles {

    /** Larger than any secret or policy that a container can get. */
    private static final long MAX_BYTES = 64 << 20;

    private NamedFiles() {}

    /** Their names as in the specification, sorted. */
    public static List<String> of(ContainerSpec spec) {
        Security security = spec.security();
        Stream<String> policies = Stream.of(
                        Optional.of(security.seccomp())
                                .filter(PolicySource.File.class::isInstance)
                                .map(PolicySource.File.class::cast),
                        security.landlock(),
                        security.capabilityPolicy())
                .flatMap(Optional::stream)
                .map(file -> file.path().toString());
        return Stream.concat(spec.filesystem().secrets().stream().map(SecretMount::source), policies)
                .distinct()
                .sorted()
                .toList();
    }

    /**
     * HMAC-SHA-256 of a file's contents, in lower-case hexadecimal. Pipes and devices are never read.
     *
     * @throws IOException when it can't be read
     * @throws dev.nucleus.spec.InvalidSpecException when systemd passes the manager no such credential
     */
    public static String digest(String name, byte[] key) throws IOException {
        Path file = name.startsWith(SecretMount.CREDENTIAL)
                ? SecretSource.file(new SecretMount(name, "credential", SecretMount.DEFAULT_MODE))
                : Path.of(name);
        try (TrustedPath path = TrustedPath.open(file);
                FileChannel channel = path.node().read();
                InputStream in = Channels.newInputStream(channel)) {
            if (channel.size() > MAX_BYTES) {
                throw new FileSystemException(file.toString(), null, "is larger than " + MAX_BYTES + " bytes");
            }
            return new HmacUtils(HmacAlgorithms.HMAC_SHA_256, key).hmacHex(in);
        }
    }
}
