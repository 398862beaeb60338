package dev.nucleus.kernel;

import java.nio.file.Path;

/**
 * The identity of a directory of the host, to verify that it is the same when it is opened again.
 *
 * @param path its path when it was opened, without links
 * @param device as {@code st_dev} of stat(2)
 * @param inode its inode number; another directory may get it once this one is deleted and no longer open
 * @param uid its owner
 * @param gid its group
 */
public record HostDirectory(Path path, long device, long inode, int uid, int gid) {

    public static HostDirectory of(TrustedPath opened) {
        FileStat status = opened.status();
        return new HostDirectory(opened.path(), status.device(), status.inode(), status.uid(), status.gid());
    }
}
