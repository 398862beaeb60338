package dev.nucleus.preparation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nucleus.spec.InvalidSpecException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Users by name, from files that an attacker may have written. */
class AccountsTest {

    private Path root;
    private Path passwd;
    private Accounts accounts;

    @BeforeEach
    void makeRoot(@TempDir Path directory) throws IOException {
        root = Files.createDirectory(directory.toRealPath().resolve("rootfs"));
        passwd = Files.createDirectory(root.resolve("etc")).resolve("passwd");
        accounts = new Accounts(root);
    }

    @Test
    void theFirstLineOfANameCountsAndGarbageIsSkipped() throws IOException {
        Files.writeString(passwd, "garbage\n:::\nweb:x:70:71::/srv:/bin/sh\nweb:x:0:0::/:/bin/sh\n");
        Files.writeString(root.resolve("etc/group"), "ssl:x:99:\n");

        assertThat(accounts.user("web")).isEqualTo(new Accounts.Account(70, 71, "/srv"));
        assertThat(accounts.group("ssl")).isEqualTo(99);
        assertThatThrownBy(() -> accounts.user("other"))
                .hasMessage("user 'other' is not in " + passwd + "; write uid:gid instead");
    }

    @ParameterizedTest
    @ValueSource(strings = {"-1", "+1", "4294967295", "4294967294", "2147483648", "99999999999", "", "x", "0x0", "1 "})
    void invalidNumbersAreRefusedWithTheirLine(String number) throws IOException {
        Files.writeString(passwd, "# one\nweb:x:" + number + ":71::/:/bin/sh\nlog:x:70:" + number + "::/:\n");
        Files.writeString(root.resolve("etc/group"), "web:x:" + number + ":\n");

        assertThatThrownBy(() -> accounts.user("web"))
                .isInstanceOf(InvalidSpecException.class)
                .hasMessageStartingWith(passwd + ":2: the user number of 'web' is not a number from 0 to 2147483647");
        assertThatThrownBy(() -> accounts.user("log")).hasMessageStartingWith(passwd + ":3: the group number");
        assertThatThrownBy(() -> accounts.group("web")).hasMessageContaining("etc/group:1: the group number");
    }

    @Test
    void linesWithoutNumbersAreRefusedToo() throws IOException {
        Files.writeString(passwd, "web:x\n");

        assertThatThrownBy(() -> accounts.user("web")).hasMessageStartingWith(passwd + ":1: ");
    }

    /** The user is only in a file outside the root. */
    @ParameterizedTest
    @ValueSource(strings = {"/outside", "../../outside", "../../../../../../../../../../outside"})
    void aLinkIsNotFollowedOutsideTheRoot(String target) throws IOException {
        Path outside = Files.writeString(root.resolveSibling("outside"), "web:x:0:0::/:/bin/sh\n");
        Files.createSymbolicLink(passwd, Path.of(target.equals("/outside") ? outside.toString() : target));

        assertThatThrownBy(() -> accounts.user("web")).hasMessageContaining("is not in " + passwd);
    }

    @Test
    void aLinkWithinTheRootIsResolvedAsInsideTheContainer() throws IOException {
        Files.createDirectories(root.resolve("usr/share"));
        Files.writeString(root.resolve("usr/share/passwd"), "web:x:70:71::/:/bin/sh\n");
        Files.createSymbolicLink(passwd, Path.of("/usr/share/passwd"));

        assertThat(accounts.user("web").uid()).isEqualTo(70);
    }

    @Test
    void etcCannotBeALinkToTheHostsEither() throws IOException {
        Files.delete(root.resolve("etc"));
        Files.createSymbolicLink(root.resolve("etc"), Path.of("/etc"));

        assertThatThrownBy(() -> accounts.user("daemon")).isInstanceOf(InvalidSpecException.class);
    }

    @Test
    void aLinkThroughProcIsNotFollowed() throws IOException {
        Files.createSymbolicLink(passwd, Path.of("/proc/self/root/etc/passwd"));

        assertThatThrownBy(() -> accounts.user("daemon")).isInstanceOf(InvalidSpecException.class);
    }

    @Test
    @Timeout(20)
    void aNamedPipeIsRefusedWithoutBlocking() throws Exception {
        assertThat(new ProcessBuilder("mkfifo", passwd.toString()).start().waitFor())
                .isZero();

        assertThatThrownBy(() -> accounts.user("web"))
                .isInstanceOf(InvalidSpecException.class)
                .hasMessageContaining(passwd + ": is a named pipe, not a regular file");
    }

    @Test
    void aHugeFileIsNotRead() throws IOException {
        try (var file = new RandomAccessFile(passwd.toFile(), "rw")) {
            file.setLength(1L << 40);
        }

        assertThatThrownBy(() -> accounts.user("web"))
                .hasMessage(passwd + " is larger than 1 MiB; write uid:gid instead");
    }

    @Test
    void theHostsOwnFilesCanBeReadToo() {
        assertThat(new Accounts(Path.of("/")).user("root").uid()).isZero();
    }
}
