package dev.nucleus.policy;

import dev.nucleus.spec.InvalidSpecException;
import dev.nucleus.spec.PolicySource;
import dev.nucleus.spec.fleetfile.YamlMapping;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The capabilities a container keeps, set by set (capabilities(7), "Thread capability sets").
 *
 * @param bounding upper limit of what any program in it can gain
 * @param effective capabilities that it may use; the permitted set is the same
 * @param inheritable capabilities that programs with file capabilities keep across execve(2)
 * @param ambient capabilities that every program keeps; must also be effective and inheritable
 */
public record CapabilityPolicy(
        Set<Capability> bounding, Set<Capability> effective, Set<Capability> inheritable, Set<Capability> ambient) {

    public CapabilityPolicy {
        bounding = Set.copyOf(bounding);
        effective = Set.copyOf(effective);
        inheritable = Set.copyOf(inheritable);
        ambient = Set.copyOf(ambient);
        requireWithin("ambient", ambient, "effective", effective);
        requireWithin("ambient", ambient, "inheritable", inheritable);
        requireWithin("effective", effective, "bounding", bounding);
        requireWithin("inheritable", inheritable, "bounding", bounding);
    }

    private static void requireWithin(String name, Set<Capability> part, String other, Set<Capability> whole) {
        Set<Capability> beyond = EnumSet.noneOf(Capability.class);
        beyond.addAll(part);
        beyond.removeAll(whole);
        if (!beyond.isEmpty()) {
            throw new InvalidSpecException(
                    name + " keeps " + beyond + ", which " + other + " does not: the kernel would refuse that");
        }
    }

    /** The same capabilities in every set, so that programs without root have them. */
    public static CapabilityPolicy keeping(Set<Capability> kept) {
        return new CapabilityPolicy(kept, kept, kept, kept);
    }

    /** The same policy without one capability in any set. */
    public CapabilityPolicy without(Capability capability) {
        return new CapabilityPolicy(
                without(bounding, capability),
                without(effective, capability),
                without(inheritable, capability),
                without(ambient, capability));
    }

    private static Set<Capability> without(Set<Capability> set, Capability capability) {
        return set.stream().filter(kept -> kept != capability).collect(Collectors.toUnmodifiableSet());
    }

    /**
     * Reads a file of the form {@code {bounding: {keep: [NET_BIND_SERVICE]}, effective: {keep: […]}, …}}; a missing set
     * keeps nothing.
     *
     * @throws PolicyViolationException when it doesn't match its pin, or its content is invalid
     */
    public static CapabilityPolicy read(PolicySource.File source) {
        return PolicyFile.read("capabilities", source).yaml(CapabilityPolicy::read);
    }

    private static Optional<CapabilityPolicy> read(YamlMapping fields) {
        Set<Capability> bounding = set(fields, "bounding");
        Set<Capability> effective = set(fields, "effective");
        Set<Capability> inheritable = set(fields, "inheritable");
        Set<Capability> ambient = set(fields, "ambient");
        return fields.place().attempt(() -> new CapabilityPolicy(bounding, effective, inheritable, ambient));
    }

    private static Set<Capability> set(YamlMapping fields, String name) {
        List<Capability> kept = fields.take(name).stream()
                .flatMap(value -> value.mapping().stream())
                .flatMap(inner -> {
                    List<Capability> keep = inner.list("keep", CapabilityPolicy::capability);
                    inner.finish();
                    return keep.stream();
                })
                .toList();
        return Set.copyOf(kept);
    }

    private static Capability capability(String text) {
        String name = text.toUpperCase(Locale.ROOT);
        return Capability.find(name.startsWith("CAP_") ? name.substring(4) : name)
                .orElseThrow(() -> new InvalidSpecException("there is no capability '" + text + "' (capabilities(7))"));
    }

    /** A set in the kernel's form, one bit per capability number. */
    public static long bits(Set<Capability> capabilities) {
        return capabilities.stream().mapToLong(Capability::bit).reduce(0, (left, right) -> left | right);
    }
}
