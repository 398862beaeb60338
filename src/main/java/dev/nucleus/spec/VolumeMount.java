package dev.nucleus.spec;

import java.util.List;

/**
 * A host directory or file mounted into a container.
 *
 * @param source name of one of the fleet's volumes, or an absolute path on the host
 * @param target where it appears; see {@link MountTargets} for where it may not
 * @param execute whether programs in it may be run, and its files mapped executable
 */
public record VolumeMount(String source, String target, boolean readOnly, boolean execute) {

    public VolumeMount {
        target = ContainerPath.check(target);
        if (!source.startsWith("/")) {
            ContainerName.check("volume", source);
        } else if (!source.equals("/")) {
            source = ContainerPath.check(source);
        } else {
            throw new InvalidSpecException(
                    "the host's root directory can't be a volume; name the directory that is needed");
        }
        if (source.matches(".*/(docker|containerd|podman|crio|nucleus|spawner)\\.sock")) {
            throw new InvalidSpecException("'" + source
                    + "' would give the container root on the host: it is the socket of a container manager");
        }
    }

    /** A mount without {@code execute}. */
    public VolumeMount(String source, String target, boolean readOnly) {
        this(source, target, readOnly, false);
    }

    /** Reads {@code source:/target[:ro|rw|exec|ro,exec|rw,exec]}; {@code :exec} alone means {@code :rw,exec}. */
    public static VolumeMount parse(String text) {
        boolean execute = text.endsWith(",exec") || text.endsWith(":exec");
        String rest = execute ? text.substring(0, text.length() - ",exec".length()) : text;
        List<String> parts = List.of(rest.split(":", -1));
        if (execute && parts.size() == 2 && text.endsWith(",exec")) {
            throw new InvalidSpecException("'" + text + "': is ',exec' part of the target or an option? Write " + rest
                    + ":exec for the option");
        }
        boolean flagged = parts.size() == 3
                && (parts.getLast().equals("ro") || parts.getLast().equals("rw"));
        if (parts.size() != 2 && !flagged) {
            throw new InvalidSpecException("'" + text
                    + "' is not a volume; write source:/target, source:/target:ro or source:/target:rw,exec");
        }
        return new VolumeMount(
                parts.getFirst(), parts.get(1), flagged && parts.getLast().equals("ro"), execute);
    }

    public boolean named() {
        return !source.startsWith("/");
    }

    @Override
    public String toString() {
        String options = readOnly ? ":ro" : "";
        return source + ":" + target + options + (execute ? (readOnly ? "," : ":") + "exec" : "");
    }
}
