package dev.nucleus.spec;

import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * Compose's words for what a service is: accepted where they mean the same here, refused with the right word where they
 * don't.
 *
 * @see <a href="https://github.com/compose-spec/compose-spec/blob/main/spec.md">The Compose Specification</a>
 */
final class ComposeSpellings {

    private ComposeSpellings() {}

    /** Gives the fields of a service their own names. */
    static void read(YamlMapping fields) {
        refuse(fields);
        fields.rename("mem-limit", "memory");
        fields.rename("pids-limit", "pids");
        fields.rename("cap-add", "capabilities");
        fields.take("cap-drop").ifPresent(value -> value.list(Function.identity()));
        fields.take("deploy").flatMap(YamlValue::mapping).ifPresent(deploy -> {
            deploy.take("resources").flatMap(YamlValue::mapping).ifPresent(resources -> {
                resources.refuse("reservations", "nothing is reserved here; write limits");
                resources.take("limits").flatMap(YamlValue::mapping).ifPresent(limits -> {
                    fields.adopt(limits, List.of("memory", "cpus", "pids"));
                    limits.finish();
                });
                resources.finish();
            });
            fields.adopt(deploy, List.of("replicas"));
            deploy.finish();
        });
        fields.take("ulimits").flatMap(YamlValue::mapping).ifPresent(limits -> {
            limits.rename("nofile", "open-files");
            fields.adopt(limits, List.of("open-files"));
            limits.finish();
        });
        fields.take("read-only").ifPresent(value -> {
            if (value.bool().equals(Optional.of(false))) {
                value.problem("a root filesystem is read-only here; write overlay: 256M for one that is written over");
            }
        });
        securityOptions(fields);
    }

    private static void refuse(YamlMapping fields) {
        fields.refuse("privileged", "no container of Nucleus has more than the capabilities it names");
        fields.refuse("network_mode", "write network: none or network: host");
        fields.refuse("image", "images come in a later version; use rootfs: with a directory");
        fields.refuse("build", "Nucleus builds no images; use rootfs: with a directory");
        fields.refuse("pid", "a container never shares the host's processes");
        fields.refuse("ipc", "a container never shares the host's IPC");
        fields.refuse("userns_mode", "write user-namespace: auto, or leave it out");
        fields.refuse("devices", "no device of the host gets into a container");
        fields.refuse("memswap_limit", "Compose counts memory and swap together; write swap: for the swap alone");
        fields.refuse("cpu_shares", "write cpu-weight: 100 for what Compose calls 1024");
    }

    /** {@code no-new-privileges} is always so; {@code seccomp=FILE} is a profile; everything else would loosen something. */
    private static void securityOptions(YamlMapping fields) {
        fields.take("security-opt")
                .ifPresent(value -> value.items()
                        .forEach(item -> item.text().ifPresent(text -> {
                            String name = text.split("[:=]", 2)[0];
                            String rest = text.length() > name.length() ? text.substring(name.length() + 1) : "true";
                            if (name.equals("seccomp") && !rest.equals("unconfined")) {
                                fields.put("seccomp", item, rest);
                            } else if (!name.equals("no-new-privileges") || !rest.equals("true")) {
                                item.problem("'" + text
                                        + "' is not accepted: it would loosen what every container here has");
                            }
                        })));
    }

    /** Compose's two fields for how a service is stopped; empty when neither is there. */
    static Optional<StopSpec> stop(YamlMapping fields) {
        Optional<Signal> signal = fields.parse("stop-signal", Signal::parse);
        Optional<java.time.Duration> grace = fields.parse("stop-grace-period", Durations::parse);
        return signal.isEmpty() && grace.isEmpty()
                ? Optional.empty()
                : Optional.of(
                        new StopSpec(signal.orElse(StopSpec.DEFAULT.signal()), grace.orElse(StopSpec.DEFAULT.grace())));
    }
}
