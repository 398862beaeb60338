package dev.nucleus.preparation;

import dev.nucleus.spec.InvalidSpecException;
import dev.nucleus.spec.SecretMount;
import java.nio.file.Files;
import java.nio.file.Path;

/** Locates secrets on the host; credentials that systemd passes to the manager are in a directory of their own. */
final class SecretSource {

    private SecretSource() {}

    /**
     * The absolute path of a secret's file.
     *
     * @throws InvalidSpecException when systemd passes the manager no such credential
     */
    static Path file(SecretMount secret) {
        if (!secret.source().startsWith(SecretMount.CREDENTIAL)) {
            return Path.of(secret.source());
        }
        String name = secret.source().substring(SecretMount.CREDENTIAL.length());
        String directory = System.getenv("CREDENTIALS_DIRECTORY");
        Path file = directory == null ? null : Path.of(directory).resolve(name).normalize();
        if (file == null || !file.startsWith(Path.of(directory)) || !Files.isRegularFile(file)) {
            throw new InvalidSpecException("secrets: systemd passes the manager no credential '" + name
                    + "'; add LoadCredential=" + name + ":/path to its unit");
        }
        return file;
    }
}
