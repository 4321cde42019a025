/* Makes the nth write or sync of a database file fail, as a disk that is full or broken would.
 *
 * FAULTS names a file of five numbers of 32 bits that whoever started the program writes: which calls fail (1 writes,
 * 2 syncs), how many of them succeed before, with which errno, whether all after it fail too, and how many failed so far.
 * Only files count whose names hold ".db". */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

enum { WRITES = 1, SYNCS = 2 };

struct faults {
    atomic_int kind, left, error, lasting, failed;
};

static struct faults *faults;

__attribute__((constructor)) static void begin(void) {
    const char *name = getenv("FAULTS");
    int fd = name ? open(name, O_RDWR) : -1;
    if (fd < 0) return;
    void *shared = mmap(NULL, sizeof *faults, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (shared != MAP_FAILED) faults = shared;
    close(fd);
}

static int is_database(int fd) {
    char link[64], name[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, name, sizeof name - 1);
    if (length < 0) return 0;
    name[length] = 0;
    return strstr(name, ".db") != NULL;
}

static int fails(int kind, int fd) {
    if (!faults || atomic_load(&faults->kind) != kind || !is_database(fd)) return 0;
    int left = atomic_fetch_sub(&faults->left, 1);
    if (left > 0 || (left < 0 && !atomic_load(&faults->lasting))) return 0;
    atomic_fetch_add(&faults->failed, 1);
    errno = atomic_load(&faults->error);
    return 1;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t write(int fd, const void *bytes, size_t count) {
    return fails(WRITES, fd) ? -1 : REAL(write)(fd, bytes, count);
}
ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at) {
    return fails(WRITES, fd) ? -1 : REAL(pwrite)(fd, bytes, count, at);
}
ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at) {
    return fails(WRITES, fd) ? -1 : REAL(pwrite64)(fd, bytes, count, at);
}
int ftruncate(int fd, off_t length) {
    return fails(WRITES, fd) ? -1 : REAL(ftruncate)(fd, length);
}
int ftruncate64(int fd, off64_t length) {
    return fails(WRITES, fd) ? -1 : REAL(ftruncate64)(fd, length);
}
int fsync(int fd) {
    return fails(SYNCS, fd) ? -1 : REAL(fsync)(fd);
}
int fdatasync(int fd) {
    return fails(SYNCS, fd) ? -1 : REAL(fdatasync)(fd);
}
