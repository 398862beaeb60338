package dev.nucleus.spawner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FreshProgramTest {

    @Test
    void aProgramThatIsBrieflyOpenForWritingIsStartedOnceItIsClosed(@TempDir Path directory) throws Exception {
        Path program = Files.copy(Path.of("/bin/true"), directory.resolve("program"));
        FileChannel writer = FileChannel.open(program, StandardOpenOption.WRITE);
        assertThatThrownBy(() -> new ProcessBuilder(program.toString()).start())
                .isInstanceOf(IOException.class)
                .hasMessageContaining("Text file busy");
        var trying = new CountDownLatch(1);
        Thread closing = Thread.ofPlatform().start(() -> {
            try {
                trying.await();
                Thread.sleep(50);
                writer.close();
            } catch (IOException | InterruptedException e) {
                throw new IllegalStateException(e);
            }
        });

        trying.countDown();
        Process started = Spawner.startFresh(new ProcessBuilder(program.toString()));

        closing.join();
        assertThat(started.waitFor()).isZero();
    }
}
