// SPDX-License-Identifier: Apache-2.0
// Preloaded (LD_PRELOAD) into a process under test: the N-th writing call on files whose path fits a
// pattern goes wrong. fault_arm() says which, fault_fired() whether it came to that.
//
//   eio   that call fails with EIO, once
//   full  from that call on the disk is full: half of the first write still fits
//   torn  half of that write happens, then the process is killed
//   kill  the process is killed just before that call

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fnmatch.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

enum kind { NONE, EIO_ONCE, FULL, TORN, KILL };
enum verdict { PASS, FAIL, HALF };

static char pattern[256];
static enum kind kind = NONE;
static long at, seen;
static int fired;

void fault_arm(const char *wanted, int which, long number)
{
    snprintf(pattern, sizeof pattern, "%s", wanted);
    kind = which;
    at = number;
    seen = fired = 0;
}

int fault_fired(void) { return fired; }

static enum verdict judge(const char *path, int takes_room)
{
    if (kind == NONE || fnmatch(pattern, path, 0) != 0) return PASS;
    if (++seen < at) return PASS;
    int first = seen == at;
    if (!first && kind != FULL) return PASS;
    fired = 1;
    switch (kind) {
    case EIO_ONCE: errno = EIO; return FAIL;
    case FULL:
        if (!takes_room) return PASS;  // a full disk still syncs what it holds
        errno = ENOSPC;
        return first ? HALF : FAIL;
    case TORN: return HALF;
    default: kill(getpid(), SIGKILL); return FAIL;
    }
}

static enum verdict judge_file(int file, int takes_room)
{
    if (kind == NONE) return PASS;
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t size = readlink(link, path, sizeof path - 1);
    if (size < 0) return PASS;
    path[size] = 0;
    return judge(path, takes_room);
}

static void die_if_torn(void)
{
    if (kind == TORN) kill(getpid(), SIGKILL);
}

#define REAL(name) \
    static __typeof__(&name) real; \
    if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

#define WRITING(name, parameters, call, half) \
    ssize_t name parameters \
    { \
        REAL(name); \
        ssize_t written; \
        switch (judge_file(file, 1)) { \
        case PASS: return real call; \
        case FAIL: return -1; \
        default: \
            written = size > 1 ? real half : -1; \
            die_if_torn(); \
            if (written < 0) errno = ENOSPC; \
            return written; \
        } \
    }

WRITING(write, (int file, const void *data, size_t size), (file, data, size), (file, data, size / 2))
WRITING(pwrite, (int file, const void *data, size_t size, off_t where),
        (file, data, size, where), (file, data, size / 2, where))
WRITING(pwrite64, (int file, const void *data, size_t size, off64_t where),
        (file, data, size, where), (file, data, size / 2, where))

// Calls that cannot happen by halves.
#define WHOLE(name, parameters, call, verdict) \
    int name parameters \
    { \
        REAL(name); \
        if (verdict == PASS) return real call; \
        die_if_torn(); \
        return -1; \
    }

WHOLE(fsync, (int file), (file), judge_file(file, 0))
WHOLE(fdatasync, (int file), (file), judge_file(file, 0))
WHOLE(ftruncate, (int file, off_t size), (file, size), judge_file(file, 1))
WHOLE(ftruncate64, (int file, off64_t size), (file, size), judge_file(file, 1))
WHOLE(rename, (const char *old, const char *new), (old, new), judge(new, 1))
WHOLE(link, (const char *old, const char *new), (old, new), judge(new, 1))
WHOLE(linkat, (int from, const char *old, int to, const char *new, int flags),
      (from, old, to, new, flags), judge(new, 1))
WHOLE(unlink, (const char *path), (path), judge(path, 0))
