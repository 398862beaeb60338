package dev.nucleus.cgroup;

import dev.nucleus.kernel.CgroupHierarchies;
import dev.nucleus.plan.LaunchPlan.Cgroup;
import dev.nucleus.spec.Cpus;
import dev.nucleus.spec.IoLimit;
import dev.nucleus.spec.MemorySize;
import dev.nucleus.spec.Resources;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Where limits are written: one tree (v2), or one per controller (v1 and hybrid). */
public sealed interface CgroupLayout {

    byte[] NOTHING = {};
    byte[] DEVICES = DeviceRule.program(DeviceRule.ALLOWED);

    Cgroup plan(boolean required, String name, Resources resources);

    /** Every directory that a container of this name may have. */
    List<Path> directories(String name);

    /** The name of a container's directories. */
    static String nameOf(String id) {
        return "nucleus-" + id;
    }

    static CgroupLayout of(CgroupHierarchies hierarchies) {
        return hierarchies.limitsAreUnified()
                ? new Unified(
                        hierarchies.unified().orElseThrow(),
                        hierarchies.unifiedControllers(),
                        // A user who can't load BPF programs needs none: without privileges on the host no device node
                        // can be created.
                        hierarchies.delegated() ? NOTHING : DEVICES)
                : new Legacy(hierarchies.legacy());
    }

    /** No control group at all. */
    static Cgroup none() {
        return new Cgroup(false, false, "", List.of(), List.of(), List.of(), "", NOTHING);
    }

    /**
     * Usage above which the memory controller reclaims memory: a tenth below the limit, in whole bytes.
     */
    static long softLimit(long memory) {
        return memory - memory / 10;
    }

    /** Version 2 (Documentation/admin-guide/cgroup-v2.rst). */
    record Unified(Path root, Set<String> controllers, byte[] devices) implements CgroupLayout {

        /**
         * Controllers to enable: those of every container, and those that it needs, so that a failed write names them.
         */
        private String enabled(Resources resources) {
            var wanted = new ArrayList<>(List.of("memory", "pids"));
            if (controllers.contains("cpu")
                    || resources.cpus().isPresent()
                    || resources.cpuWeight().isPresent()) {
                wanted.add("cpu");
            }
            if (!resources.io().isEmpty()) {
                wanted.add("io");
            }
            return "+" + String.join(" +", wanted);
        }

        @Override
        public List<Path> directories(String name) {
            return List.of(root.resolve(name));
        }

        @Override
        public Cgroup plan(boolean required, String name, Resources resources) {
            Path directory = root.resolve(name);
            var writes = new ArrayList<Cgroup.Write>();
            writes.add(new Cgroup.Write(root.resolve("cgroup.subtree_control").toString(), enabled(resources)));
            resources.memory().ifPresent(memory -> {
                long swap = resources.swap().map(MemorySize::bytes).orElse(0L);
                writes.add(write(directory, "memory.max", memory.bytes()));
                writes.add(write(directory, "memory.high", softLimit(memory.bytes())));
                writes.add(write(directory, "memory.swap.max", swap));
                writes.add(write(directory, "memory.oom.group", 1));
            });
            resources
                    .cpus()
                    .ifPresent(cpus -> writes.add(new Cgroup.Write(
                            directory.resolve("cpu.max").toString(), cpus.quotaMicros() + " " + Cpus.PERIOD_MICROS)));
            resources.cpuWeight().ifPresent(weight -> writes.add(write(directory, "cpu.weight", weight)));
            if (resources.pids() > 0) {
                writes.add(write(directory, "pids.max", resources.pids()));
            }
            resources
                    .io()
                    .forEach(limit -> writes.add(
                            new Cgroup.Write(directory.resolve("io.max").toString(), limit.toString())));
            return new Cgroup(
                    required,
                    resources.memory().isPresent(),
                    directory.toString(),
                    List.of(directory.toString()),
                    writes,
                    List.of(),
                    "",
                    devices);
        }
    }

    /** Version 1 (Documentation/admin-guide/cgroup-v1). */
    record Legacy(Map<String, Path> controllers) implements CgroupLayout {

        @Override
        public List<Path> directories(String name) {
            return controllers.values().stream()
                    .distinct()
                    .map(mount -> mount.resolve(name))
                    .toList();
        }

        private static void addMemoryLimits(Used used, Resources resources, List<Cgroup.Write> writes) {
            resources
                    .memory()
                    .ifPresent(memory -> used.of("memory").ifPresent(directory -> {
                        writes.add(write(directory, "memory.limit_in_bytes", memory.bytes()));
                        writes.add(write(directory, "memory.soft_limit_in_bytes", softLimit(memory.bytes())));
                        resources
                                .swap()
                                .ifPresentOrElse(
                                        swap -> writes.add(write(
                                                directory,
                                                "memory.memsw.limit_in_bytes",
                                                memory.bytes() + swap.bytes())),
                                        () -> writes.add(write(directory, "memory.swappiness", 0)));
                    }));
        }

        private static void addProcessorLimits(Used used, Resources resources, List<Cgroup.Write> writes) {
            resources
                    .cpus()
                    .ifPresent(cpus -> used.of("cpu").ifPresent(directory -> {
                        writes.add(write(directory, "cpu.cfs_period_us", Cpus.PERIOD_MICROS));
                        writes.add(write(directory, "cpu.cfs_quota_us", cpus.quotaMicros()));
                        // Often a hierarchy of its own. Joined so that the processor time that is limited is also
                        // counted.
                        used.of("cpuacct");
                    }));
            resources
                    .cpuWeight()
                    .ifPresent(weight -> used.of("cpu")
                            .ifPresent(directory -> writes.add(write(directory, "cpu.shares", shares(weight)))));
        }

        @Override
        public Cgroup plan(boolean required, String name, Resources resources) {
            var used = new Used(controllers, name, new ArrayList<>(), new ArrayList<>());
            var writes = new ArrayList<Cgroup.Write>();
            addMemoryLimits(used, resources, writes);
            addProcessorLimits(used, resources, writes);
            if (resources.pids() > 0) {
                used.of("pids").ifPresent(directory -> writes.add(write(directory, "pids.max", resources.pids())));
            }
            resources
                    .io()
                    .forEach(limit -> used.of("blkio").ifPresent(directory -> {
                        throttle(writes, directory, "read_bps_device", limit, limit.readBytes());
                        throttle(writes, directory, "write_bps_device", limit, limit.writeBytes());
                        throttle(writes, directory, "read_iops_device", limit, limit.readOperations());
                        throttle(writes, directory, "write_iops_device", limit, limit.writeOperations());
                    }));
            devices(used, writes);
            return new Cgroup(
                    required,
                    resources.memory().isPresent(),
                    "",
                    used.directories(),
                    writes,
                    used.joins(),
                    freezer(used, name),
                    NOTHING);
        }

        /** Members to freeze are read from another hierarchy; if there is none, they join the freezer's at launch. */
        private String freezer(Used used, String name) {
            Path mount = controllers.get("freezer");
            if (mount == null) {
                return "";
            }
            if (used.directories().isEmpty()) {
                used.of("freezer");
            }
            return mount.resolve(name).toString();
        }

        /** Denies all devices but those of containers (Documentation/admin-guide/cgroup-v1/devices.rst). */
        private static void devices(Used used, List<Cgroup.Write> writes) {
            used.of("devices").ifPresent(directory -> {
                writes.add(new Cgroup.Write(directory.resolve("devices.deny").toString(), "a"));
                for (DeviceRule rule : DeviceRule.ALLOWED) {
                    writes.add(
                            new Cgroup.Write(directory.resolve("devices.allow").toString(), rule.toString()));
                }
            });
        }

        private static void throttle(
                List<Cgroup.Write> writes, Path directory, String what, IoLimit limit, Optional<Long> value) {
            value.ifPresent(number -> writes.add(new Cgroup.Write(
                    directory.resolve("blkio.throttle." + what).toString(), limit.device() + " " + number)));
        }

        /** Converts a weight: its default, 100, is 1024 shares, the default of those. */
        private static long shares(int weight) {
            return Math.max(2, Math.min(262_144, weight * 1024L / 100));
        }
    }

    /**
     * Hierarchies in which a container has a directory: only those with something to limit, as each costs a migration.
     */
    record Used(Map<String, Path> controllers, String name, List<String> directories, List<String> joins) {

        /** The container's directory in a controller's hierarchy; empty when the host doesn't have it. */
        Optional<Path> of(String controller) {
            Path mount = controllers.get(controller);
            if (mount == null) {
                return Optional.empty();
            }
            Path directory = mount.resolve(name);
            if (!directories.contains(directory.toString())) {
                directories.add(directory.toString());
                joins.add(directory.resolve("tasks").toString());
            }
            return Optional.of(directory);
        }
    }

    private static Cgroup.Write write(Path directory, String file, long value) {
        return new Cgroup.Write(directory.resolve(file).toString(), Long.toString(value));
    }
}
