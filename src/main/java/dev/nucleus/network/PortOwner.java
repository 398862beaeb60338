package dev.nucleus.network;

import dev.nucleus.spec.Protocol;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Finds the program that has a port, for error messages (proc_pid_net(5), proc_pid_fd(5)). */
final class PortOwner {

    private static final int LOCAL_ADDRESS = 1;
    private static final int STATE = 3;
    private static final int INODE = 9;
    private static final String LISTENS = "0A";

    private PortOwner() {}

    /** Empty if it can't be found: the process is another user's, or has ended. */
    static Optional<String> of(InetAddress address, int port, Protocol protocol) {
        String suffix = ":%04X".formatted(port);
        String exactly = hex(address) + suffix;
        String inet = protocol.toString();
        return Stream.of("/proc/net/" + inet, "/proc/net/" + inet + "6")
                .flatMap(table -> lines(Path.of(table)).stream().skip(1))
                .map(line -> line.strip().split("\\s+"))
                .filter(fields -> fields.length > INODE && covers(fields[LOCAL_ADDRESS], exactly, suffix))
                .filter(fields -> protocol == Protocol.UDP || fields[STATE].equals(LISTENS))
                .map(fields -> fields[INODE])
                .flatMap(inode -> program(inode).stream())
                .findFirst();
    }

    /** Whether it is that address, or every address. */
    private static boolean covers(String local, String exactly, String suffix) {
        return local.equals(exactly) || local.endsWith(suffix) && (local.matches("0+:.*") || exactly.matches("0+:.*"));
    }

    /** As the kernel prints an address: words of the machine's order. */
    private static String hex(InetAddress address) {
        ByteBuffer bytes = ByteBuffer.wrap(address.getAddress()).order(ByteOrder.nativeOrder());
        var text = new StringBuilder();
        while (bytes.hasRemaining()) {
            text.append("%08X".formatted(bytes.getInt()));
        }
        return text.toString();
    }

    private static List<String> lines(Path table) {
        try {
            return Files.readAllLines(table);
        } catch (IOException e) {
            return List.of();
        }
    }

    private static Optional<String> program(String inode) {
        String link = "socket:[" + inode + "]";
        return ProcessHandle.allProcesses()
                .filter(process -> has(process.pid(), link))
                .findFirst()
                .map(process -> name(process.pid()) + " (PID " + process.pid() + ")");
    }

    private static boolean has(long pid, String link) {
        try (DirectoryStream<Path> descriptors = Files.newDirectoryStream(Path.of("/proc", Long.toString(pid), "fd"))) {
            for (Path descriptor : descriptors) {
                if (links(descriptor, link)) {
                    return true;
                }
            }
            return false;
        } catch (IOException e) {
            return false;
        }
    }

    private static boolean links(Path descriptor, String link) {
        try {
            return Files.readSymbolicLink(descriptor).toString().equals(link);
        } catch (IOException e) {
            return false;
        }
    }

    private static String name(long pid) {
        try {
            String command = Files.readString(Path.of("/proc", Long.toString(pid), "cmdline"));
            if (command.contains("nucleus.jar")) {
                return "another manager of Nucleus";
            }
            return Files.readString(Path.of("/proc", Long.toString(pid), "comm"))
                    .strip();
        } catch (IOException e) {
            return "a program";
        }
    }
}
