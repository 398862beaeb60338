package dev.nucleus.cgroup;

import dev.nucleus.cgroup.CgroupUsage.Pressure;
import dev.nucleus.kernel.HostFeatures;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.springframework.stereotype.Component;

/** Reads the resource usage of containers from their control groups, which any user may read. */
@Component
public final class CgroupUsages {

    private static final Pattern AVERAGE = Pattern.compile("avg10=([0-9.]+)");
    /** Without a limit, version 1 shows a number near the largest one. */
    private static final long NO_LIMIT = 1L << 60;

    private final HostFeatures host;

    CgroupUsages(HostFeatures host) {
        this.host = host;
    }

    /** @param id of a running container; for any other, everything is empty */
    public CgroupUsage of(String id) {
        String name = CgroupLayout.nameOf(id);
        return host.cgroups().limitsAreUnified()
                ? unified(new Directory(host.cgroups().unified().map(root -> root.resolve(name))))
                : legacy(name);
    }

    /** Whether a container's processes are frozen. */
    public boolean frozen(String id) {
        String name = CgroupLayout.nameOf(id);
        return host.cgroups().limitsAreUnified()
                ? new Directory(host.cgroups().unified().map(root -> root.resolve(name)))
                        .number("cgroup.freeze")
                        .equals(Optional.of(1L))
                : controller("freezer", name).lines("freezer.state").stream()
                        .anyMatch(state -> !state.equals("THAWED"));
    }

    private static CgroupUsage unified(Directory group) {
        Map<String, Long> memory = group.table("memory.stat");
        return new CgroupUsage(
                group.number("memory.current"),
                workingSet(group.number("memory.current"), figure(memory, "inactive_file")),
                group.number("memory.peak"),
                group.number("memory.max"),
                figure(memory, "anon"),
                figure(memory, "pgfault"),
                figure(memory, "pgmajfault"),
                group.number("memory.swap.current"),
                group.keyed("cpu.stat", "usage_usec").map(CgroupUsages::micros),
                group.keyed("cpu.stat", "throttled_usec").map(CgroupUsages::micros),
                group.number("pids.current"),
                group.number("pids.max"),
                group.summed("io.stat", "rbytes"),
                group.summed("io.stat", "wbytes"),
                group.keyed("memory.events", "oom_kill"),
                group.pressure("memory.pressure"),
                group.pressure("cpu.pressure"),
                group.pressure("io.pressure"));
    }

    private CgroupUsage legacy(String name) {
        Directory memory = controller("memory", name);
        Directory accounts = controller("cpuacct", name);
        Directory pids = controller("pids", name);
        Directory blocks = controller("blkio", name);
        Map<String, Long> pages = memory.table("memory.stat");
        return new CgroupUsage(
                memory.number("memory.usage_in_bytes"),
                workingSet(memory.number("memory.usage_in_bytes"), figure(pages, "total_inactive_file")),
                memory.number("memory.max_usage_in_bytes"),
                memory.number("memory.limit_in_bytes").filter(limit -> limit < NO_LIMIT),
                figure(pages, "total_rss"),
                figure(pages, "total_pgfault"),
                figure(pages, "total_pgmajfault"),
                figure(pages, "swap"),
                accounts.number("cpuacct.usage").map(Duration::ofNanos),
                controller("cpu", name).keyed("cpu.stat", "throttled_time").map(Duration::ofNanos),
                pids.number("pids.current"),
                pids.number("pids.max"),
                blocks.sumOf("blkio.throttle.io_service_bytes", "Read"),
                blocks.sumOf("blkio.throttle.io_service_bytes", "Write"),
                memory.keyed("memory.oom_control", "oom_kill"),
                Optional.empty(),
                Optional.empty(),
                Optional.empty());
    }

    private Directory controller(String controller, String name) {
        return new Directory(
                Optional.ofNullable(host.cgroups().legacy().get(controller)).map(mount -> mount.resolve(name)));
    }

    private static Optional<Long> figure(Map<String, Long> table, String key) {
        return Optional.ofNullable(table.get(key));
    }

    /** As cAdvisor and Kubernetes count it. */
    private static Optional<Long> workingSet(Optional<Long> usage, Optional<Long> inactive) {
        return usage.map(bytes -> Math.max(0, bytes - inactive.orElse(0L)));
    }

    private static Duration micros(long value) {
        return Duration.ofNanos(value * 1_000);
    }

    /** The control files of one group; empty where the host has none. */
    private record Directory(Optional<Path> path) {

        private List<String> lines(String file) {
            try {
                return path.isEmpty()
                        ? List.of()
                        : Files.readAllLines(path.get().resolve(file));
            } catch (IOException e) {
                return List.of();
            }
        }

        /** The first line; empty for "max", which is not a number. */
        Optional<Long> number(String file) {
            return lines(file).stream().findFirst().flatMap(Directory::parse);
        }

        /** The value of a key in lines "key value". */
        Optional<Long> keyed(String file, String key) {
            return fields(file)
                    .filter(fields -> fields.length == 2 && fields[0].equals(key))
                    .findFirst()
                    .flatMap(fields -> parse(fields[1]));
        }

        /** All lines "key value". */
        Map<String, Long> table(String file) {
            var table = new HashMap<String, Long>();
            fields(file)
                    .filter(fields -> fields.length == 2)
                    .forEach(fields -> parse(fields[1]).ifPresent(value -> table.put(fields[0], value)));
            return table;
        }

        /** The sum of a key's values in lines "device key=value …". */
        Optional<Long> summed(String file, String key) {
            String prefix = key + "=";
            return fields(file)
                    .flatMap(Stream::of)
                    .filter(field -> field.startsWith(prefix))
                    .flatMap(field -> parse(field.substring(prefix.length())).stream())
                    .reduce(Long::sum);
        }

        /** The sum of a key's values in lines "device key value". */
        Optional<Long> sumOf(String file, String key) {
            return fields(file)
                    .filter(fields -> fields.length == 3 && fields[1].equals(key))
                    .flatMap(fields -> parse(fields[2]).stream())
                    .reduce(Long::sum);
        }

        Optional<Pressure> pressure(String file) {
            List<String> lines = lines(file);
            return lines.isEmpty()
                    ? Optional.empty()
                    : Optional.of(new Pressure(average(lines, "some"), average(lines, "full")));
        }

        private static double average(List<String> lines, String kind) {
            return lines.stream()
                    .filter(line -> line.startsWith(kind))
                    .map(AVERAGE::matcher)
                    .filter(Matcher::find)
                    .mapToDouble(matcher -> Double.parseDouble(matcher.group(1)))
                    .findFirst()
                    .orElse(0);
        }

        private Stream<String[]> fields(String file) {
            return lines(file).stream().map(line -> line.split(" "));
        }

        private static Optional<Long> parse(String text) {
            return text.matches("\\d{1,19}") ? Optional.of(Long.parseUnsignedLong(text)) : Optional.empty();
        }
    }
}
