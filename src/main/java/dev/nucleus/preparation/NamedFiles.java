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

/** The files whose content goes into a container: its secrets and its policies. */
public final class NamedFiles {

    /** More than a container can get of either kind. */
    private static final long LARGEST = 64 << 20;

    private NamedFiles() {}

    /** By the names that the specification has for them, in order. */
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
     * HMAC-SHA-256 of what one of them holds, in lower-case hexadecimal. A pipe or a device is never read.
     *
     * @throws IOException when it can't be read
     * @throws dev.nucleus.spec.InvalidSpecException when systemd gives the manager no such credential
     */
    public static String digest(String name, byte[] key) throws IOException {
        Path file = name.startsWith(SecretMount.CREDENTIAL)
                ? SecretSource.file(new SecretMount(name, "credential", SecretMount.DEFAULT_MODE))
                : Path.of(name);
        try (TrustedPath path = TrustedPath.open(file);
                FileChannel channel = path.node().read();
                InputStream in = Channels.newInputStream(channel)) {
            if (channel.size() > LARGEST) {
                throw new FileSystemException(file.toString(), null, "is larger than " + LARGEST + " bytes");
            }
            return new HmacUtils(HmacAlgorithms.HMAC_SHA_256, key).hmacHex(in);
        }
    }
}
