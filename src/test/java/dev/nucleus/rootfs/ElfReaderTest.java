package dev.nucleus.rootfs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nucleus.support.Seeds;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class ElfReaderTest {

    private static final int LOAD = ElfBuilder.HEADER;
    private static final int INTERPRETER = LOAD + ElfBuilder.PROGRAM_HEADER;
    private static final int DYNAMIC = INTERPRETER + ElfBuilder.PROGRAM_HEADER;

    @TempDir
    Path directory;

    private Optional<ElfFile> read(byte[] content) throws IOException {
        Path file = Files.write(directory.resolve("elf"), content);
        try (FileChannel channel = FileChannel.open(file)) {
            return ElfFile.read(channel);
        }
    }

    private static byte[] sample() {
        return new ElfBuilder()
                .interpreter("/lib64/ld-linux-x86-64.so.2")
                .needs("libc.so.6", "libm.so.6")
                .with(ElfBuilder.DT_SONAME, "libsample.so.1")
                .with(ElfBuilder.DT_RPATH, "$ORIGIN/../lib:/opt/lib")
                .build();
    }

    @Test
    void linkageInformationIsRead() throws IOException {
        ElfFile elf = read(sample()).orElseThrow();

        assertThat(elf.interpreter()).contains("/lib64/ld-linux-x86-64.so.2");
        assertThat(elf.needed()).containsExactly("libc.so.6", "libm.so.6");
        assertThat(elf.soname()).contains("libsample.so.1");
        assertThat(elf.rpath()).containsExactly("$ORIGIN/../lib", "/opt/lib");
        assertThat(elf.runpath()).isEmpty();
    }

    @Test
    void aRunpathOverridesTheRpath() throws IOException {
        ElfFile elf = read(new ElfBuilder()
                        .with(ElfBuilder.DT_RPATH, "/a")
                        .with(ElfBuilder.DT_RUNPATH, "/b")
                        .build())
                .orElseThrow();

        assertThat(elf.rpath()).isEmpty();
        assertThat(elf.runpath()).containsExactly("/b");
    }

    @Test
    void otherFilesAreNotElfFiles() throws IOException {
        byte[] other = sample();
        other[4] = 1;

        assertThat(read(other)).as("32 bits").isEmpty();
        assertThat(read("#!/bin/sh\n".getBytes(StandardCharsets.UTF_8))).isEmpty();
        assertThat(read(new byte[0])).isEmpty();
        assertThat(read(new byte[1_000])).isEmpty();
    }

    @Test
    void aTruncatedFileIsMalformedWhereverItEnds() throws IOException {
        byte[] whole = sample();
        for (int length = ElfBuilder.HEADER; length < whole.length; length++) {
            byte[] cut = Arrays.copyOf(whole, length);

            assertThatThrownBy(() -> read(cut)).as("%d bytes", cut.length).isInstanceOf(MalformedElfException.class);
        }
    }

    /** Each field that holds an offset or a size, with values that an attacker would write. */
    @ParameterizedTest
    @CsvSource({
        "32, 8", // offset of the program headers
        "56, 2", // their number
        "54, 2", // their size
        (INTERPRETER + 8) + ", 8",
        (INTERPRETER + 32) + ", 8",
        (DYNAMIC + 8) + ", 8",
        (DYNAMIC + 32) + ", 8"
    })
    void anOffsetOrSizeBeyondTheFileIsMalformed(int at, int bytes) throws IOException {
        for (long value : new long[] {-1, Long.MIN_VALUE, Long.MAX_VALUE, Long.MAX_VALUE - 64, 1L << 40, 0xfff0}) {
            ByteBuffer elf = ByteBuffer.wrap(sample()).order(ByteOrder.LITTLE_ENDIAN);
            if (bytes == 2) {
                elf.putShort(at, (short) (value | 0x800));
            } else {
                elf.putLong(at, value);
            }

            assertThatThrownBy(() -> read(elf.array())).as("%x", value).isInstanceOf(MalformedElfException.class);
        }
    }

    @Test
    void stringsOutsideTheirTableOrUnterminatedAreMalformed() throws IOException {
        byte[] sample = sample();
        ByteBuffer elf = ByteBuffer.wrap(sample).order(ByteOrder.LITTLE_ENDIAN);
        int dynamicAt = (int) elf.getLong(DYNAMIC + 8);
        for (long value : new long[] {-1, Long.MAX_VALUE, 1 << 20}) {
            elf.putLong(dynamicAt + 8, value);
            assertThatThrownBy(() -> read(sample)).isInstanceOf(MalformedElfException.class);
        }

        byte[] endless = sample();
        Arrays.fill(endless, endless.length - 1, endless.length, (byte) 'x');
        assertThatThrownBy(() -> read(endless)).isInstanceOf(MalformedElfException.class);
    }

    /** Ten million entries claimed by a file of a few hundred bytes, and thousands of libraries. */
    @Test
    void absurdCountsAreRefused() throws IOException {
        ByteBuffer elf = ByteBuffer.wrap(sample()).order(ByteOrder.LITTLE_ENDIAN);
        elf.putLong(DYNAMIC + 32, 10_000_000L * 16);
        assertThatThrownBy(() -> read(elf.array())).hasMessageContaining("its dynamic section has");

        String[] names = new String[2_000];
        Arrays.setAll(names, i -> "lib" + i + ".so");
        assertThatThrownBy(() -> read(new ElfBuilder().needs(names).build()))
                .hasMessageContaining("needs more than 1024 libraries");
    }

    @ParameterizedTest
    @MethodSource("dev.nucleus.support.Seeds#seeds")
    void randomBytesAreReadOrReportedAsMalformed(long seed) throws IOException {
        RandomGenerator random = Seeds.random(seed);
        byte[] bytes = sample();
        for (int i = 0; i < 1 + random.nextInt(8); i++) {
            bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
        }
        byte[] file = Arrays.copyOf(bytes, random.nextInt(bytes.length + 100));
        try {
            read(file).ifPresent(elf -> assertThat(elf.needed()).hasSizeLessThanOrEqualTo(1_024));
        } catch (MalformedElfException e) {
            assertThat(e.getMessage()).isNotBlank();
        }
    }
}
