/* measure.c: runs a pipeline and says what it cost.
 *
 *     measure OUT PROGRAM ARGUMENT... [ '|' PROGRAM ARGUMENT... ]...
 *
 * The last stage's output goes into the file OUT. Prints one JSON object:
 * wall and processor seconds of all stages together, the peak of their private
 * memory together (RssAnon, looked at every 10 ms), and whether all of them
 * succeeded. No shell takes part, so nothing but the stages is counted.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define STAGES      8
#define EVERY_NS    10000000L
#define STATUS_FILE 4096

struct stage {
    char **argv;
    pid_t pid;
    bool ended;
    int status;
    int status_fd;
    struct rusage usage;
};

static struct stage stage[STAGES];
static int stages;

static void die(const char *what)
{
    fprintf(stderr, "measure: %s: %s\n", what, strerror(errno));
    exit(125);
}

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double seconds(struct timeval t)
{
    return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static void split(char **argv)
{
    bool first = true;

    for (; *argv; argv++) {
        if (strcmp(*argv, "|") == 0) {
            *argv = NULL;
            first = true;
        } else if (first) {
            if (stages == STAGES)
                die("too many stages");
            stage[stages++].argv = argv;
            first = false;
        }
    }
}

static void become(const struct stage *s, int in, int out, const sigset_t *mask)
{
    if ((in >= 0 && dup2(in, 0) < 0) || dup2(out, 1) < 0)
        die("dup2");
    sigprocmask(SIG_SETMASK, mask, NULL);
    execvp(s->argv[0], s->argv);
    die(s->argv[0]);
}

static void start(const char *out_file, const sigset_t *mask)
{
    int in = -1;

    for (int i = 0; i < stages; i++) {
        int ends[2] = { -1, -1 };
        char path[64];

        if (i + 1 == stages)
            ends[1] =
                open(out_file, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0644);
        else if (pipe2(ends, O_CLOEXEC) < 0)
            die("pipe");
        if (ends[1] < 0)
            die(out_file);
        stage[i].pid = fork();
        if (stage[i].pid < 0)
            die("fork");
        if (stage[i].pid == 0)
            become(&stage[i], in, ends[1], mask);
        close(ends[1]);
        if (in >= 0)
            close(in);
        in = ends[0];
        snprintf(path, sizeof path, "/proc/%d/status", (int)stage[i].pid);
        stage[i].status_fd = open(path, O_RDONLY | O_CLOEXEC);
    }
}

static long private_of(const struct stage *s)
{
    char text[STATUS_FILE];
    ssize_t n = s->ended ? 0 : pread(s->status_fd, text, sizeof text - 1, 0);
    const char *found;

    if (n <= 0)
        return 0;
    text[n] = '\0';
    found = strstr(text, "RssAnon:");
    return found ? strtol(found + 8, NULL, 10) : 0;
}

static int reap(void)
{
    int left = 0;

    for (int i = 0; i < stages; i++) {
        struct stage *s = &stage[i];
        if (!s->ended && wait4(s->pid, &s->status, WNOHANG, &s->usage) != 0)
            s->ended = true;
        left += !s->ended;
    }
    return left;
}

int main(int argc, char **argv)
{
    struct timespec every = { 0, EVERY_NS };
    sigset_t child, before;
    long peak = 0;
    double cpu = 0;
    bool ok = true;

    if (argc < 3) {
        fprintf(stderr, "usage: measure OUT PROGRAM... ['|' PROGRAM...]\n");
        return 2;
    }
    split(argv + 2);
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, &before);
    double begun = now();
    start(argv[1], &before);
    while (reap() > 0) {
        long sum = 0;
        for (int i = 0; i < stages; i++)
            sum += private_of(&stage[i]);
        peak = sum > peak ? sum : peak;
        sigtimedwait(&child, NULL, &every);
    }
    double wall = now() - begun;
    for (int i = 0; i < stages; i++) {
        cpu +=
            seconds(stage[i].usage.ru_utime) + seconds(stage[i].usage.ru_stime);
        ok = ok && WIFEXITED(stage[i].status) &&
             WEXITSTATUS(stage[i].status) == 0;
    }
    printf("{\"ok\":%s,\"wall\":%.4f,\"cpu\":%.4f,\"private\":%ld}\n",
           ok ? "true" : "false", wall, cpu, peak * 1024);
    return 0;
}
