package dev.nucleus.spec;

/**
 * Something of the host inside a container.
 *
 * @param source a name of the fleet's volumes, or an absolute path of the host
 * @param target where it appears
 */
public record VolumeMount(String source, String target, boolean readOnly) {

    public VolumeMount {
        target = ContainerPath.check(target);
        if (!source.startsWith("/")) {
            ContainerName.check("volume", source);
        } else if (!source.equals("/")) {
            source = ContainerPath.check(source);
        } else {
            throw new InvalidSpecException("the whole host, '/', can't be a volume; name the directory that is needed");
        }
        if (source.matches(".*/(docker|containerd|podman|crio|nucleus|spawner)\\.sock")) {
            throw new InvalidSpecException("'" + source
                    + "' would give its container the host: whoever may command a container manager is root");
        }
        if (target.equals("/proc") || target.startsWith("/proc/") || target.equals("/dev")) {
            throw new InvalidSpecException("a volume can't cover " + target);
        }
    }

    /** Reads {@code source:/target[:ro|rw]}. */
    public static VolumeMount parse(String text) {
        String[] parts = text.split(":", -1);
        boolean flagged = parts.length == 3 && (parts[2].equals("ro") || parts[2].equals("rw"));
        if (parts.length != 2 && !flagged) {
            throw new InvalidSpecException("'" + text + "' is not a volume; write source:/target or source:/target:ro");
        }
        return new VolumeMount(parts[0], parts[1], flagged && parts[2].equals("ro"));
    }

    public boolean named() {
        return !source.startsWith("/");
    }

    @Override
    public String toString() {
        return source + ":" + target + (readOnly ? ":ro" : "");
    }
}
