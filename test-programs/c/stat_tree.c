// All that `lstat` tells of every preopened directory and of all that is below, in the order that the host gives: device,
// inode, links, mode, size, times; and a sum of each file's bytes. Prints it, so that two runs, or two copies of a tree, can be compared.
#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <wasi/api.h>

#include "support/check.h"

// FNV-1a, 64 bits: offset basis and prime as published by Fowler, Noll and Vo.
static void show_bytes(const char *path, int depth) {
    static unsigned char buffer[1 << 16];
    int file = open(path, O_RDONLY);
    CHECK(file >= 0);
    unsigned long long sum = 0xcbf29ce484222325;
    for (ssize_t length; (length = read(file, buffer, sizeof buffer)) != 0;) {
        CHECK(length > 0);
        for (ssize_t i = 0; i < length; i++) sum = (sum ^ buffer[i]) * 0x100000001b3;
    }
    CHECK(close(file) == 0);
    printf("%*sbytes %016llx\n", depth + 1, "", sum);
}

static void show(const char *path, int depth) {
    struct stat meta;
    CHECK(lstat(path, &meta) == 0);
    printf("%*s%s: dev %llu ino %llu nlink %llu mode %o size %lld atim %lld mtim %lld ctim %lld\n", depth, "", path,
           (unsigned long long)meta.st_dev, (unsigned long long)meta.st_ino, (unsigned long long)meta.st_nlink,
           (unsigned)meta.st_mode, (long long)meta.st_size, (long long)to_nanos(meta.st_atim),
           (long long)to_nanos(meta.st_mtim), (long long)to_nanos(meta.st_ctim));
    if (S_ISREG(meta.st_mode)) show_bytes(path, depth);
    if (!S_ISDIR(meta.st_mode)) return;

    DIR *directory = opendir(path);
    CHECK(directory != NULL);
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        char below[4096];
        int length = snprintf(below, sizeof below, "%s/%s", strcmp(path, "/") == 0 ? "" : path, entry->d_name);
        CHECK(length > 0 && (size_t)length < sizeof below);
        printf("%*sentry ino %llu type %d\n", depth + 1, "", (unsigned long long)entry->d_ino, entry->d_type);
        show(below, depth + 1);
    }
    CHECK(closedir(directory) == 0);
}

int main(void) {
    __wasi_prestat_t preopen;
    for (__wasi_fd_t fd = 3; __wasi_fd_prestat_get(fd, &preopen) == 0; fd++) {
        char name[4096] = "";
        CHECK(preopen.u.dir.pr_name_len < sizeof name);
        CHECK(__wasi_fd_prestat_dir_name(fd, (uint8_t *)name, preopen.u.dir.pr_name_len) == 0);
        show(name[0] ? name : ".", 0);
    }
    return 0;
}
