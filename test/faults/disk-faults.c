/*
 * A disk that fails when it is told to: preloaded into a process, it stands between the process and its writes and syncs of the files
 * below SKIFF_FAULTS_IN. What it does is the word in the file SKIFF_FAULTS_FILE: nothing when it is empty; enospc, eio, fsync (syncs
 * fail), short (half of each write), meta (writes to the first two pages fail), torn (half of the next write of those pages, and the
 * process is dead), lost (nothing is written, and the process is dead at the next sync).
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#define META_END (2 * 8192)

static const char *word(char *buffer, size_t size) {
  const char *path = getenv("SKIFF_FAULTS_FILE");
  buffer[0] = 0;
  if (!path) return buffer;
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return buffer;
  ssize_t length = read(fd, buffer, size - 1);
  close(fd);
  buffer[length > 0 ? length : 0] = 0;
  return buffer;
}

static int concerned(int fd) {
  char link[64], path[4096];
  const char *folder = getenv("SKIFF_FAULTS_IN");
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0 || !folder) return 0;
  path[length] = 0;
  return strncmp(path, folder, strlen(folder)) == 0;
}

/* What a write is to come to: -1 with errno, or how many of its bytes are written; more than `size` for all. */
static ssize_t verdict(int fd, size_t size, off_t offset) {
  char buffer[32];
  const char *fault = word(buffer, sizeof buffer);
  if (!*fault || !concerned(fd)) return size + 1;
  if (!strcmp(fault, "enospc")) return errno = ENOSPC, -1;
  if (!strcmp(fault, "eio")) return errno = EIO, -1;
  if (!strcmp(fault, "short")) return size / 2;
  if (!strcmp(fault, "lost")) return 0;
  if (!strcmp(fault, "meta") && offset < META_END) return errno = EIO, -1;
  if (!strcmp(fault, "torn") && offset < META_END) return size / 2;
  return size + 1;
}

static void die_if(const char *wanted) {
  char buffer[32];
  if (!strcmp(word(buffer, sizeof buffer), wanted)) raise(SIGKILL);
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t offset) {
  static ssize_t (*real)(int, const void *, size_t, off_t);
  if (!real) *(void **)&real = dlsym(RTLD_NEXT, "pwrite");
  ssize_t kept = verdict(fd, size, offset);
  if (kept < 0) return -1;
  if ((size_t)kept > size) return real(fd, bytes, size, offset);
  ssize_t written = kept > 0 ? real(fd, bytes, kept, offset) : 0;
  if (offset < META_END) die_if("torn");
  char buffer[32];
  return strcmp(word(buffer, sizeof buffer), "lost") ? written : (ssize_t)size;
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off_t offset) { return pwrite(fd, bytes, size, offset); }

ssize_t writev(int fd, const struct iovec *parts, int count) {
  static ssize_t (*real)(int, const struct iovec *, int);
  if (!real) *(void **)&real = dlsym(RTLD_NEXT, "writev");
  char buffer[32];
  if (!*word(buffer, sizeof buffer) || !concerned(fd)) return real(fd, parts, count);
  size_t size = 0;
  for (int i = 0; i < count; i++) size += parts[i].iov_len;
  off_t at = lseek(fd, 0, SEEK_CUR);
  ssize_t kept = verdict(fd, size, at);
  if (kept < 0) return -1;
  if ((size_t)kept > size) return real(fd, parts, count);
  if (!strcmp(buffer, "lost")) return lseek(fd, at + size, SEEK_SET), size;
  return pwrite(fd, parts[0].iov_base, parts[0].iov_len / 2, at);
}

ssize_t write(int fd, const void *bytes, size_t size) {
  static ssize_t (*real)(int, const void *, size_t);
  if (!real) *(void **)&real = dlsym(RTLD_NEXT, "write");
  ssize_t kept = verdict(fd, size, META_END);
  if (kept < 0) return -1;
  return real(fd, bytes, (size_t)kept > size ? size : (size_t)kept);
}

static int syncing(int fd, const char *name) {
  char buffer[32];
  const char *fault = word(buffer, sizeof buffer);
  if (concerned(fd)) {
    if (!strcmp(fault, "fsync")) return errno = EIO, -1;
    die_if("lost");
  }
  int (*real)(int);
  *(void **)&real = dlsym(RTLD_NEXT, name);
  return real(fd);
}

int fdatasync(int fd) { return syncing(fd, "fdatasync"); }
int fsync(int fd) { return syncing(fd, "fsync"); }
