package dev.nucleus.spec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nucleus.spec.UserNamespace.IdRange;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class UserNamespaceTest {

    private static List<IdRange> ranges(String text) {
        return Stream.of(text.split(" ")).map(IdRange::parse).toList();
    }

    @Test
    void aRangeRoundTrips() {
        assertThat(IdRange.parse("0:100000:65536")).isEqualTo(new IdRange(0, 100_000, 65_536));
        assertThat(new IdRange(0, 100_000, 65_536)).hasToString("0:100000:65536");
        assertThat(new UserNamespace.Explicit(ranges("0:100000:1000 1000:1000:1"), ranges("0:200000:1")))
                .hasToString("uids 0:100000:1000 1000:1000:1, gids 0:200000:1");
    }

    /** The kernel allows users up to 2^32-2; those from 2^31 on are negative numbers to many programs. */
    @ParameterizedTest
    @ValueSource(strings = {"2147483647:0:1", "0:2147483647:1", "0:1:2147483647", "0:0:1"})
    void aRangeEndsAt2147483647(String text) {
        assertThat(IdRange.parse(text)).hasToString(text);
    }

    @ParameterizedTest
    @ValueSource(strings = {"2147483647:0:2", "0:2147483647:2", "0:0:0", "1:2:2147483647"})
    void anEmptyRangeOrOneBeyond2147483647IsRefused(String text) {
        assertThatThrownBy(() -> IdRange.parse(text))
                .isInstanceOf(InvalidSpecException.class)
                .hasMessage("an ID range lies within 0 to 2147483647 and is not empty, was " + text);
    }

    @ParameterizedTest
    @CsvSource({"-1, 0", "0, -1"})
    void aRangeBeginsAtZero(int inside, int outside) {
        assertThatThrownBy(() -> new IdRange(inside, outside, 1))
                .isInstanceOf(InvalidSpecException.class)
                .hasMessage("an ID range lies within 0 to 2147483647 and is not empty, was " + inside + ":" + outside
                        + ":1");
    }

    @Test
    void anInvalidRangeIsRefused() {
        assertThatThrownBy(() -> IdRange.parse("2147483648:0:1"))
                .isInstanceOf(InvalidSpecException.class)
                .hasMessage("'2147483648:0:1' is not an ID range: IDs are 0 to 2147483647");
        assertThatThrownBy(() -> IdRange.parse("0:1"))
                .isInstanceOf(InvalidSpecException.class)
                .hasMessage("'0:1' is not an ID range; write inside:outside:count, such as 0:100000:65536");
    }

    @ParameterizedTest
    @CsvSource({
        "0:100000:10 10:200000:10, false",
        "0:100000:10 9:200000:10, true",
        "10:100000:10 0:200000:10, false",
        "10:100000:10 0:200000:11, true",
        "0:100000:10 20:100010:10, false",
        "0:100000:10 20:100009:10, true",
        "0:100010:10 20:100000:10, false",
        "0:100010:10 20:100000:11, true",
        "0:100000:10 20:200000:10 29:300000:1, true"
    })
    void rangesMayNotOverlapInsideOrOutside(String text, boolean overlap) {
        List<IdRange> ranges = ranges(text);
        List<IdRange> other = ranges("0:100000:1");
        IdRange last = ranges.getLast();
        IdRange before = ranges.get(ranges.size() - 2);

        if (overlap) {
            assertThatThrownBy(() -> new UserNamespace.Explicit(ranges, other))
                    .isInstanceOf(InvalidSpecException.class)
                    .hasMessage("user-namespace: uids: " + before + " and " + last + " overlap");
            assertThatThrownBy(() -> new UserNamespace.Explicit(other, ranges))
                    .hasMessage("user-namespace: gids: " + before + " and " + last + " overlap");
        } else {
            assertThat(new UserNamespace.Explicit(ranges, other).uids()).isEqualTo(ranges);
        }
    }

    @Test
    void usersAndGroupsEachNeedARange() {
        List<IdRange> one = ranges("0:100000:1");

        assertThatThrownBy(() -> new UserNamespace.Explicit(List.of(), one))
                .isInstanceOf(InvalidSpecException.class)
                .hasMessage("user-namespace: uids needs a range, such as [\"0:100000:65536\"]");
        assertThatThrownBy(() -> new UserNamespace.Explicit(one, List.of()))
                .hasMessage("user-namespace: gids needs a range, such as [\"0:100000:65536\"]");
    }

    @Test
    void aRangeThatBeginsAtZeroOutsideIncludesTheHostsRoot() {
        assertThat(IdRange.parse("1000:0:1").includesHostRoot()).isTrue();
        assertThat(IdRange.parse("0:1:1000").includesHostRoot()).isFalse();
    }
}
