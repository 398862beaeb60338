package dev.nucleus.support;

import dev.nucleus.rootfs.RootfsAttestation;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Objects;
import java.util.regex.Pattern;

/** A small root filesystem of some of the host's programs and the libraries they need. */
public final class TestRootfs {

    private static final Pattern LIBRARY = Pattern.compile("(/\\S+)");

    private TestRootfs() {}

    public static Path build(Path rootfs, String... programs) throws IOException, InterruptedException {
        Files.createDirectories(rootfs.resolve("etc"));
        Files.createDirectories(rootfs.resolve("usr/bin"));
        Files.writeString(rootfs.resolve("etc/passwd"), "root:x:0:0::/:/bin/sh\napp:x:4711:4712::/:/bin/sh\n");
        Files.writeString(rootfs.resolve("etc/group"), "root:x:0:\napp:x:4712:\nextra:x:4713:\n");
        for (String top : new String[] {"bin", "lib", "lib64"}) {
            Files.createDirectories(rootfs.resolve("usr").resolve(top));
            Files.createSymbolicLink(rootfs.resolve(top), Path.of("usr", top));
        }
        for (String program : programs) {
            copy(Path.of(program), rootfs);
            Process ldd = new ProcessBuilder("ldd", program).start();
            String output = new String(ldd.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            ldd.waitFor();
            var libraries = LIBRARY.matcher(output.replace("=> ", ""));
            while (libraries.find()) {
                Path library = Path.of(libraries.group(1));
                if (Files.isRegularFile(library)) {
                    copy(library, rootfs);
                }
            }
        }
        RootfsAttestation.attest(rootfs);
        return rootfs;
    }

    private static void copy(Path file, Path rootfs) throws IOException {
        Path parent = file.getParent();
        String place = String.valueOf(parent).startsWith("/usr") ? parent + "/" : "/usr" + parent + "/";
        Path target = rootfs.resolve((place + file.getFileName()).substring(1));
        if (!Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
            Files.createDirectories(Objects.requireNonNull(target.getParent()));
            Files.copy(file.toRealPath(), target, StandardCopyOption.COPY_ATTRIBUTES);
        }
    }
}
