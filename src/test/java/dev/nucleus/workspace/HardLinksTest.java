package dev.nucleus.workspace;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nucleus.kernel.FileName;
import dev.nucleus.kernel.FileStat;
import dev.nucleus.workspace.TreeManifest.Content;
import java.time.Instant;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** Bookkeeping of files that have several names. */
class HardLinksTest {

    private static final Content CONTENT = new Content("0".repeat(64), false);

    private final HardLinks links = new HardLinks();
    private final TreePath path = new TreePath();

    private static FileStat file(long inode, int links) {
        return new FileStat(
                FileStat.Type.REGULAR_FILE, 0644, 1000, 1000, 1, inode, links, 1, Instant.EPOCH, Instant.EPOCH);
    }

    @Test
    void aFileWithOneNameIsNotRemembered() {
        links.add(file(1, 1), null, CONTENT, true, path, FileName.of("alone"));

        assertThat(links.next(file(1, 1))).isNull();
    }

    @Test
    void namesOfTheSameFileBecomeOnePlace() {
        FileStat file = file(2, 1_000);
        assertThat(links.next(file)).isNull();
        links.add(file, null, CONTENT, true, path, FileName.of("0"));
        for (int i = 1; i < 1_000; i++) {
            HardLinks.Linked known = Objects.requireNonNull(links.next(file));
            // Otherwise each name would be compared with every earlier one, half a million comparisons in total.
            assertThat(known.places()).hasSize(1);
            if (known.isWritten()) {
                links.settle(known, path, FileName.of(Integer.toString(i)));
            } else {
                assertThat(known.place().name()).isEqualTo(FileName.of("1"));
            }
        }
        assertThat(links.next(file)).as("all its names were visited").isNull();
    }

    /** Released memory must not be credited twice: then any number of files could be held. */
    @Test
    void theLastNameOfAFileFreesItsPlacesOnce() {
        for (long inode = 0; inode < 20_000; inode++) {
            FileStat pair = file(100_000 + inode, 2);
            links.add(pair, null, CONTENT, true, path, FileName.of("n".repeat(200)));
            links.settle(Objects.requireNonNull(links.next(pair)), path, FileName.of("n"));
        }
        for (long inode = 0; inode < 20_000; inode++) {
            links.add(file(inode, 2), null, CONTENT, true, path, FileName.of("n".repeat(200)));
        }

        assertThat(links.separated()).isPositive();
    }

    @Test
    void linksBeyondTheBudgetBecomeSeparateFiles() {
        for (long inode = 0; inode < 20_000; inode++) {
            links.add(file(inode, 2), null, CONTENT, true, path, FileName.of("n".repeat(200)));
        }

        assertThat(links.separated()).isBetween(1L, 19_999L);
        assertThat(links.next(file(0, 2))).isNotNull();
        assertThat(links.next(file(19_999, 2))).isNull();
    }
}
