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
 * Compose's words for what a service is: accepted where they mean the same here, refused with the right word where they
 * don't.
 *
 * @see <a href="https://github.com/compose-spec/compose-spec/blob/main/spec.md">The Compose Specification</a>
 */
final class ComposeSpellings {

    private static final String IMAGES = "images come in a later version; use rootfs: with a directory";
    private static final String NETWORKS =
            "networks come in a later version; services of network: host (agent mode) reach each "
                    + "other and listen on the host";

    /** Fields of a Compose file that Nucleus has not, and what is written instead. */
    private static final Map<String, String> FLEET = Map.ofEntries(
            entry("version", "leave it out; Compose ignores it too"),
            entry("networks", NETWORKS),
            entry("secrets", "name the file where a service uses it: secrets: [\"keys/db:db-password\"]"),
            entry("configs", "mount the file as a volume: volumes: [\"/etc/app.conf:/etc/app.conf:ro\"]"),
            entry("include", "put the files into one folder, which nucleus.fleets names: each is a fleet of its own"),
            entry("models", "Nucleus runs no models"));

    /** Fields of a Compose service that Nucleus has not or means otherwise, and what is written instead. */
    private static final Map<String, String> SERVICE = Map.ofEntries(
            entry("privileged", "no container of Nucleus has more than the capabilities it names"),
            entry("network_mode", "write network: none or network: host"),
            entry("image", IMAGES),
            entry("build", "Nucleus builds no images; use rootfs: with a directory"),
            entry("pull_policy", IMAGES),
            entry("platform", IMAGES),
            entry("pid", "a container never shares the host's processes"),
            entry("ipc", "a container never shares the host's IPC"),
            entry("uts", "a container never shares the host's name"),
            entry("userns_mode", "write user-namespace: auto, or leave it out"),
            entry("cgroup", "a container never shares the host's control groups"),
            entry("cgroup_parent", "Nucleus puts each container into a control group of its own"),
            entry("devices", "no device of the host gets into a container"),
            entry("device_cgroup_rules", "no device of the host gets into a container"),
            entry("gpus", "no device of the host gets into a container"),
            entry("memswap_limit", "Compose counts memory and swap together; write swap: for the swap alone"),
            entry("mem_swappiness", "write swap: for how much may be swapped"),
            entry("mem_reservation", "nothing is reserved here; write memory: for the limit"),
            entry("cpu_shares", "write cpu-weight: 100 for what Compose calls 1024"),
            entry("cpu_count", "write cpus: 2"),
            entry("cpu_percent", "write cpus: 0.5 for half of one"),
            entry("cpu_period", "write cpus: 0.5 for half of one"),
            entry("cpu_quota", "write cpus: 0.5 for half of one"),
            entry("cpu_rt_period", "no container gets real-time processor time"),
            entry("cpu_rt_runtime", "no container gets real-time processor time"),
            entry("cpuset", "processors are not chosen one by one; write cpus: 2"),
            entry("blkio_config", "write io: [\"8:0 rbps=10M wbps=10M\"]"),
            entry("shm_size", "write tmpfs: [\"/dev/shm:64M\"]"),
            entry("storage_opt", "write overlay: 256M for a root filesystem that is written over in memory"),
            entry("oom_kill_disable", "a container at its memory limit is killed"),
            entry("oom_score_adj", "Nucleus sets it"),
            entry("sysctls", "a container has the kernel's settings"),
            entry("scale", "write replicas: 3"),
            entry("container_name", "replicas are named by their fleet and service, such as shop/web-1"),
            entry("hostname", "a container is called as its replica is, such as web-1"),
            entry("domainname", "a container is called as its replica is, such as web-1"),
            entry(
                    "ports",
                    "ports come with networks in a later version; with network: host (agent mode) a service listens on "
                            + "the host's ports itself"),
            entry("expose", "leave it out: it opens nothing in Compose either"),
            entry("networks", NETWORKS),
            entry("links", NETWORKS),
            entry("external_links", NETWORKS),
            entry("dns", NETWORKS),
            entry("dns_opt", NETWORKS),
            entry("dns_search", NETWORKS),
            entry("extra_hosts", NETWORKS),
            entry("mac_address", NETWORKS),
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
            entry("labels", "fields that begin with x- are yours"),
            entry("label_file", "fields that begin with x- are yours"),
            entry("annotations", "fields that begin with x- are yours"),
            entry("post_start", "there is no such step yet; let command do it first"),
            entry("pre_stop", "write stop: {before: [/bin/drain]}"),
            entry("develop", "write workspace: ./src for a directory of the host that the container works in"),
            entry("credential_spec", "it is for Windows alone"),
            entry("isolation", "it is for Windows alone"),
            entry("provider", "Nucleus runs containers alone"),
            entry("models", "Nucleus runs no models"),
            entry("use_api_socket", "whoever may command a container manager is root"));

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
            deploy.refuse("restart_policy", "write restart: beside deploy:, such as restart: on-failure:5");
            deploy.refuse("update_config", "replicas are not updated in steps yet");
            deploy.refuse("rollback_config", "replicas are not updated in steps yet");
            deploy.refuse("placement", "all runs on this host");
            deploy.refuse("endpoint_mode", NETWORKS);
            deploy.refuse("labels", "fields that begin with x- are yours");
            deploy.finish();
        });
        fields.take("ulimits").flatMap(YamlValue::mapping).ifPresent(limits -> {
            limits.refuse("nproc", "write pids: 64 beside ulimits:");
            limits.refuse("memlock", "write memory: 512M beside ulimits: for all that a container may hold");
            limits.take("nofile").ifPresent(value -> {
                if (value.isMapping()) {
                    value.problem("'nofile' is one number here, soft and hard limit alike, such as nofile: 1024");
                } else {
                    value.text().ifPresent(text -> fields.put("open-files", value, text));
                }
            });
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
        SERVICE.forEach(fields::refuse);
    }

    /** Refuses what Compose has at the top of a file, with what is written here instead. */
    static void readFleet(YamlMapping fields) {
        FLEET.forEach(fields::refuse);
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
        Optional<Duration> grace = fields.parse("stop-grace-period", Durations::parse);
        return signal.isEmpty() && grace.isEmpty()
                ? Optional.empty()
                : Optional.of(
                        new StopSpec(signal.orElse(StopSpec.DEFAULT.signal()), grace.orElse(StopSpec.DEFAULT.grace())));
    }
}
