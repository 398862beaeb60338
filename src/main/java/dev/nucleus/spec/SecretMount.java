package dev.nucleus.spec;

/**
 * A host file of which a container gets a copy in memory; the file itself is never mounted.
 *
 * @param source absolute path on the host, never a link; or {@value #CREDENTIAL} and the name of a credential that
 *     systemd passes to the manager (systemd.exec(5), LoadCredential=)
 * @param target below {@value #FOLDER}
 * @param mode permissions of the copy, which the workload's user owns
 */
public record SecretMount(String source, String target, int mode) {

    public static final String FOLDER = "/run/secrets";
    public static final String CREDENTIAL = "systemd:";
    public static final int DEFAULT_MODE = 0400;

    public SecretMount {
        if (!source.startsWith(CREDENTIAL)) {
            source = ContainerPath.check(source);
        } else if (!source.substring(CREDENTIAL.length()).matches("[A-Za-z0-9_-][A-Za-z0-9._-]*")) {
            throw new InvalidSpecException("'" + source + "' names no credential; write systemd: and its name");
        }
        target = ContainerPath.check(target.startsWith("/") ? target : FOLDER + "/" + target);
        if (!target.startsWith(FOLDER + "/") || target.indexOf('/', FOLDER.length() + 1) >= 0) {
            throw new InvalidSpecException("a secret's target is a file in " + FOLDER + ", was " + target);
        }
        if ((mode & ~0777) != 0 || (mode & 0022) != 0) {
            throw new InvalidSpecException("a secret's mode must not allow others to write, was 0%o".formatted(mode));
        }
    }

    /** Reads {@code /host/file:/run/secrets/name}, {@code /host/file:name} or {@code systemd:credential:name}. */
    public static SecretMount parse(String text) {
        int colon = text.indexOf(':', text.startsWith(CREDENTIAL) ? CREDENTIAL.length() : 0);
        if (colon < 1) {
            throw new InvalidSpecException("'" + text + "' is not a secret; write /host/file:name");
        }
        return new SecretMount(text.substring(0, colon), text.substring(colon + 1), DEFAULT_MODE);
    }

    /** Reads an octal file mode: {@code "0400"} or {@code 0o400}. */
    public static int parseMode(String text) {
        if (!text.matches("(0o|0)?[0-7]{3}")) {
            throw new InvalidSpecException("'" + text + "' is not a file mode; write \"0400\"");
        }
        return Integer.parseInt(text.replaceFirst("^0o", ""), 8);
    }
}
