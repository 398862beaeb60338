package dev.nucleus.rootfs;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.util.List;
import java.util.Optional;

/**
 * The dynamic section of a program or library (elf(5)). None of it is verified: strings are as written in the file, and
 * paths may lead anywhere.
 *
 * @param library whether it can be loaded at any address (ET_DYN), as every library is
 * @param interpreter the path of the dynamic loader (PT_INTERP), which a library does not have
 * @param soname the library's own name (DT_SONAME)
 * @param needed names or paths of the libraries it is linked with (DT_NEEDED), in order
 * @param rpath search directories for its dependencies, direct and indirect (DT_RPATH); empty if it has a runpath, as
 *     in ld.so(8)
 * @param runpath search directories for its direct dependencies (DT_RUNPATH)
 * @param onlyOwnDirectories whether neither the cache nor the default directories are searched (DF_1_NODEFLIB)
 */
record ElfFile(
        boolean library,
        Optional<String> interpreter,
        Optional<String> soname,
        List<String> needed,
        List<String> rpath,
        List<String> runpath,
        boolean onlyOwnDirectories) {

    ElfFile {
        needed = List.copyOf(needed);
        rpath = List.copyOf(rpath);
        runpath = List.copyOf(runpath);
    }

    /**
     * Reads the dynamic section of a file.
     *
     * @return empty for a file that is not an x86-64 ELF program or library
     * @throws MalformedElfException if the file is inconsistent or exceeds the limits of {@link ElfReader}
     */
    static Optional<ElfFile> read(FileChannel content) throws IOException {
        return new ElfReader(content).read();
    }
}
