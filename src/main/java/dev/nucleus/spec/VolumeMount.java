package dev.nucleus.spec;

import java.util.List;

/**
 * A directory or file of the host inside a container.
 *
 * @param source a name of the fleet's volumes, or an absolute path of the host
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
            throw new InvalidSpecException("the whole host, '/', can't be a volume; name the directory that is needed");
        }
        if (source.matches(".*/(docker|containerd|podman|crio|nucleus|spawner)\\.sock")) {
            throw new InvalidSpecException("'" + source
                    + "' would give its container the host: whoever may command a container manager is root");
        }
    }

    /** One that no program runs from. */
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
