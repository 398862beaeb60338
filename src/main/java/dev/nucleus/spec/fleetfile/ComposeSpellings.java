package dev.nucleus.spec.fleetfile;

import static java.util.Map.entry;

import dev.nucleus.spec.Durations;
import dev.nucleus.spec.Signal;
import dev.nucleus.spec.StopSpec;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/**
 * Compose's field names: accepted where they mean the same here, refused with the right field where they don't.
 *
 * @see <a href="https://github.com/compose-spec/compose-spec/blob/main/spec.md">The Compose Specification</a>
 */
final class ComposeSpellings {

    private static final String IMAGES = "images are not supported yet; use rootfs: with a directory";
    private static final String LINKS = "services of one network find each other by name; write networks: [inside]";
    private static final String DNS = "names are resolved by Nucleus; see nucleus.network.dns-servers";

    /** Top-level fields of a Compose file that Nucleus lacks, and what to write instead. */
    private static final Map<String, String> FLEET = Map.ofEntries(
            entry("version", "leave it out; Compose ignores it too"),
            entry("secrets", "name the file where a service uses it: secrets: [\"keys/db:db-password\"]"),
            entry("configs", "mount the file as a volume: volumes: [\"/etc/app.conf:/etc/app.conf:ro\"]"),
            entry("include", "put the files into the folder that nucleus.fleets names; each is a separate fleet"),
            entry("models", "Nucleus runs no models"));

    /** Fields of a Compose service that Nucleus lacks or interprets differently, and what to write instead. */
    private static final Map<String, String> SERVICE = Map.ofEntries(
            entry("privileged", "a container only gets the capabilities that it lists"),
            entry(
                    "network_mode",
                    "a container shares no network of the host or of another container; write networks: [inside], "
                            + "or network: none"),
            entry("image", IMAGES),
            entry("build", "Nucleus builds no images; use rootfs: with a directory"),
            entry("pull_policy", IMAGES),
            entry("platform", IMAGES),
            entry("pid", "a container never shares the host's processes"),
            entry("ipc", "a container never shares the host's IPC"),
            entry("uts", "a container never shares the host's host name"),
            entry("userns_mode", "write user-namespace: auto, or leave it out"),
            entry("cgroup", "a container never shares the host's control groups"),
            entry("cgroup_parent", "Nucleus puts each container into a control group of its own"),
            entry("devices", "host devices can't be passed to a container"),
            entry("device_cgroup_rules", "host devices can't be passed to a container"),
            entry("gpus", "host devices can't be passed to a container"),
            entry("memswap_limit", "Compose counts memory and swap together; write swap: for swap only"),
            entry("mem_swappiness", "write swap: for how much may be swapped"),
            entry("mem_reservation", "Nucleus reserves no memory; write memory: for the limit"),
            entry("cpu_shares", "write cpu-weight: 100 for what Compose calls 1024"),
            entry("cpu_count", "write cpus: 2"),
            entry("cpu_percent", "write cpus: 0.5 for half of one"),
            entry("cpu_period", "write cpus: 0.5 for half of one"),
            entry("cpu_quota", "write cpus: 0.5 for half of one"),
            entry("cpu_rt_period", "no container gets real-time processor time"),
            entry("cpu_rt_runtime", "no container gets real-time processor time"),
            entry("cpuset", "CPUs can't be pinned; write cpus: 2"),
            entry("blkio_config", "write io: [\"8:0 rbps=10M wbps=10M\"]"),
            entry("shm_size", "write tmpfs: [\"/dev/shm:64M\"]"),
            entry("storage_opt", "write overlay: 256M for a writable layer in memory"),
            entry("oom_kill_disable", "a container at its memory limit is killed"),
            entry("oom_score_adj", "Nucleus sets it"),
            entry("sysctls", "sysctls can't be changed"),
            entry("scale", "write replicas: 3"),
            entry("container_name", "replicas are named by their fleet and service, such as shop/web-1"),
            entry("hostname", "a container's host name is that of its replica, such as web-1"),
            entry("domainname", "a container's host name is that of its replica, such as web-1"),
            entry("expose", "leave it out: it publishes no port in Compose either"),
            entry("links", LINKS),
            entry("external_links", LINKS),
            entry("dns", DNS),
            entry("dns_opt", DNS),
            entry("dns_search", DNS),
            entry("extra_hosts", "give the service an alias: networks: {inside: {aliases: [db]}}"),
            entry("mac_address", "containers have no layer 2 in common; leave it out"),
            entry(
                    "entrypoint",
                    "write it as the first words of command, such as command: [/entrypoint.sh, npm, start]"),
            entry("env_file", "write the variables as environment: {NAME: value}, and passwords as secrets:"),
            entry("extends", "write the fields that services share as x-common: &common {…}, and <<: *common in each"),
            entry("profiles", "leave a service out of the file, or write replicas: 0"),
            entry("group_add", "write groups:, with user:"),
            entry("configs", "mount the file as a volume: volumes: [\"/etc/app.conf:/etc/app.conf:ro\"]"),
            entry("volumes_from", "declare the volume at the top of the file and name it in both services"),
            entry("stdin_open", "a service has no input; use nucleus exec -i"),
            entry("tty", "a service has no terminal; use nucleus exec -t"),
            entry("attach", "use nucleus logs -f"),
            entry("logging", "Nucleus keeps the log of each container itself; see nucleus logs"),
            entry("labels", "use a field that begins with x-"),
            entry("label_file", "use a field that begins with x-"),
            entry("annotations", "use a field that begins with x-"),
            entry("post_start", "not supported yet; let command do it first"),
            entry("pre_stop", "write stop: {before: [/bin/drain]}"),
            entry("develop", "write workspace: ./src for a directory of the host that the container works in"),
            entry("credential_spec", "it applies to Windows only"),
            entry("isolation", "it applies to Windows only"),
            entry("provider", "Nucleus runs containers only"),
            entry("models", "Nucleus runs no models"),
            entry("use_api_socket", "access to a container manager's socket is root access"));

    private ComposeSpellings() {}

    /** Renames the Compose fields of a service to Nucleus' names. */
    static void read(YamlMapping fields) {
        refuse(fields);
        fields.rename("mem-limit", "memory");
        fields.rename("pids-limit", "pids");
        fields.rename("cap-add", "capabilities");
        fields.take("cap-drop").ifPresent(value -> value.list(Function.identity()));
        fields.take("deploy").flatMap(YamlValue::mapping).ifPresent(deploy -> {
            deploy.take("resources").flatMap(YamlValue::mapping).ifPresent(resources -> {
                resources.refuse("reservations", "Nucleus reserves no resources; write limits:");
                resources.take("limits").flatMap(YamlValue::mapping).ifPresent(limits -> {
                    fields.adopt(limits, List.of("memory", "cpus", "pids"));
                    limits.finish();
                });
                resources.finish();
            });
            fields.adopt(deploy, List.of("replicas"));
            deploy.refuse("restart_policy", "write restart: beside deploy:, such as restart: on-failure:5");
            deploy.refuse("update_config", "rolling updates are not supported yet");
            deploy.refuse("rollback_config", "rolling updates are not supported yet");
            deploy.refuse("placement", "everything runs on this host");
            deploy.acceptOnly(
                    "vip", "endpoint_mode", "a published port is balanced over all replicas that serve; leave it out");
            deploy.refuse("labels", "use a field that begins with x-");
            deploy.finish();
        });
        fields.take("ulimits").flatMap(YamlValue::mapping).ifPresent(limits -> {
            limits.refuse("nproc", "write pids: 64 beside ulimits:");
            limits.refuse("memlock", "write memory: 512M beside ulimits: to limit the container's memory");
            limits.take("nofile").ifPresent(value -> {
                if (value.isMapping()) {
                    value.problem("'nofile' is one number here, for soft and hard limit alike, such as nofile: 1024");
                } else {
                    value.text().ifPresent(text -> fields.put("open-files", value, text));
                }
            });
            limits.finish();
        });
        fields.take("read-only").ifPresent(value -> {
            if (value.bool().equals(Optional.of(false))) {
                value.problem("the root filesystem is always read-only; write overlay: 256M for a writable layer");
            }
        });
        securityOptions(fields);
    }

    private static void refuse(YamlMapping fields) {
        SERVICE.forEach(fields::refuse);
    }

    /** Refuses Compose's top-level fields, with what to write instead. */
    static void readFleet(YamlMapping fields) {
        FLEET.forEach(fields::refuse);
    }

    /**
     * {@code no-new-privileges} always applies; {@code seccomp=FILE} is a profile; all others would weaken the
     * confinement.
     */
    private static void securityOptions(YamlMapping fields) {
        fields.take("security-opt")
                .ifPresent(value -> value.items()
                        .forEach(item -> item.text().ifPresent(text -> {
                            String name = text.split("[:=]", 2)[0];
                            String rest = text.length() > name.length() ? text.substring(name.length() + 1) : "true";
                            if (name.equals("seccomp") && !rest.equals("unconfined")) {
                                fields.put("seccomp", item, rest);
                            } else if (!name.equals("no-new-privileges") || !rest.equals("true")) {
                                item.problem(
                                        "'" + text + "' is not accepted: it would weaken the container's confinement");
                            }
                        })));
    }

    /** Compose's two fields for how a service is stopped; empty if neither is present. */
    static Optional<StopSpec> stop(YamlMapping fields) {
        Optional<Signal> signal = fields.parse("stop-signal", Signal::parse);
        Optional<Duration> grace = fields.parse("stop-grace-period", Durations::parse);
        return signal.isEmpty() && grace.isEmpty()
                ? Optional.empty()
                : Optional.of(
                        new StopSpec(signal.orElse(StopSpec.DEFAULT.signal()), grace.orElse(StopSpec.DEFAULT.grace())));
    }
}
