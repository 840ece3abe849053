/* sink.c: a blob service that takes everything and keeps none of it.
 *
 *     sink [--cert FILE --key FILE]
 *
 * What a client costs is seen best when the other side costs next to nothing.
 * This one listens on a free port of 127.0.0.1, says "listening PORT", reads
 * requests and throws their bodies away, in the kernel where there is no TLS.
 * It remembers of each blob only the length and the metadata that a client
 * asks for afterwards. It believes every signature, and says at SIGTERM how
 * much processor time it took.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#define HEAD_MAX  16384
#define META_MAX  2048
#define DISCARD   (256 << 10)
#define ANSWER    (META_MAX + 1024)
#define FDS_MAX   1024
#define BLOBS_MAX 4096

struct blob {
    char *name;
    uint64_t staged; /* bytes of blocks since the last commit */
    uint64_t length;
    bool there;
    char meta[META_MAX]; /* header lines as they came */
};

struct request {
    char method[8];
    char target[2048];
    uint64_t length;
    bool whole_blob; /* x-ms-blob-type: not blocks, and no container */
    bool expects;    /* 100-continue */
    char meta[META_MAX];
};

struct conn {
    int fd;
    SSL *ssl;
    bool in_body;
    bool waits_to_write;
    uint64_t left; /* of the body */
    size_t have;   /* of head and what followed it */
    size_t answer_len, answered;
    struct request q;
    char head[HEAD_MAX + 1];
    char answer[ANSWER];
};

static SSL_CTX *tls;
static int poller;
static uint64_t requests;
static struct conn *conns[FDS_MAX];
static struct blob blobs[BLOBS_MAX];
static size_t blobs_n;
static char discard[DISCARD];
static volatile sig_atomic_t ended;

static void die(const char *what)
{
    fprintf(stderr, "sink: %s: %s\n", what, strerror(errno));
    exit(1);
}

/* ------------------------------------------------------------------ blobs */

static struct blob *find(const char *name, bool make)
{
    for (size_t i = 0; i < blobs_n; i++)
        if (strcmp(blobs[i].name, name) == 0)
            return &blobs[i];
    if (!make)
        return NULL;
    if (blobs_n == BLOBS_MAX || !(blobs[blobs_n].name = strdup(name)))
        die("too many blobs");
    return &blobs[blobs_n++];
}

static void forget(struct blob *b)
{
    free(b->name);
    blobs_n--;
    memmove(b, b + 1, (size_t)(&blobs[blobs_n] - b) * sizeof *b);
    memset(&blobs[blobs_n], 0, sizeof *b);
}

/* ---------------------------------------------------------------- answers */

/* `more`: further header lines, each with its line end. */
static void answer(struct conn *c, const char *status, const char *more,
                   const char *body)
{
    char date[40];
    time_t now = time(NULL);
    struct tm tm;
    bool head = strcmp(c->q.method, "HEAD") == 0;

    strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT",
             gmtime_r(&now, &tm));
    requests++;
    int n = snprintf(c->answer, sizeof c->answer,
                     "HTTP/1.1 %s\r\nServer: sink\r\nDate: %s\r\n"
                     "Last-Modified: %s\r\nETag: \"0x8D%012" PRIX64 "\"\r\n"
                     "x-ms-request-id: 00000000-0000-4000-8000-%012" PRIx64
                     "\r\nx-ms-version: 2021-12-02\r\n%s",
                     status, date, date, requests, requests, more);
    if (!head)
        n += snprintf(c->answer + n, sizeof c->answer - (size_t)n,
                      "Content-Length: %zu\r\n", strlen(body));
    n += snprintf(c->answer + n, sizeof c->answer - (size_t)n, "\r\n%s",
                  head ? "" : body);
    c->answer_len = (size_t)n;
    c->answered = 0;
}

/* What goes by the name of a blob is its target up to the parameters. */
static char *cut_query(struct request *q)
{
    char *query = q->target + strcspn(q->target, "?");

    if (*query)
        *query++ = '\0';
    return query;
}

static void answer_look(struct conn *c)
{
    char *query = cut_query(&c->q);
    const struct blob *b = find(c->q.target, false);
    char more[META_MAX + 200];

    if (strstr(query, "restype=container")) {
        answer(c, "200 OK", "Content-Length: 0\r\n", "");
    } else if (!b || !b->there) {
        answer(c, "404 Not Found",
               "x-ms-error-code: BlobNotFound\r\nContent-Length: 0\r\n", "");
    } else {
        snprintf(more, sizeof more,
                 "Content-Length: %" PRIu64
                 "\r\nContent-Type: application/octet-stream\r\n"
                 "x-ms-blob-type: BlockBlob\r\n%s",
                 b->length, b->meta);
        answer(c, "200 OK", more, "");
    }
}

static void publish(const struct request *q, bool whole)
{
    struct blob *b = find(q->target, true);

    b->length = whole ? q->length : b->staged;
    b->staged = 0;
    b->there = true;
    memcpy(b->meta, q->meta, sizeof b->meta);
}

static void answer_put(struct conn *c)
{
    struct request *q = &c->q;
    const char *comp = strstr(cut_query(q), "comp=");

    if (comp && strncmp(comp, "comp=blocklist", 14) == 0) {
        publish(q, false);
    } else if (comp && strncmp(comp, "comp=block", 10) == 0) {
        find(q->target, true)->staged += q->length;
    } else if (q->whole_blob) {
        publish(q, true);
    }
    answer(c, "201 Created", "x-ms-request-server-encrypted: true\r\n", "");
}

static void answer_delete(struct conn *c)
{
    cut_query(&c->q);
    struct blob *b = find(c->q.target, false);

    if (b && b->there) {
        forget(b);
        answer(c, "202 Accepted", "", "");
    } else {
        answer(c, "404 Not Found", "x-ms-error-code: BlobNotFound\r\n", "");
    }
}

static void answer_request(struct conn *c)
{
    const char *m = c->q.method;

    if (strcmp(m, "PUT") == 0)
        answer_put(c);
    else if (strcmp(m, "HEAD") == 0)
        answer_look(c);
    else if (strcmp(m, "DELETE") == 0)
        answer_delete(c);
    else if (strcmp(m, "GET") == 0)
        answer(c, "200 OK", "Content-Type: application/xml\r\n",
               "<?xml version=\"1.0\" encoding=\"utf-8\"?>"
               "<EnumerationResults><Blobs/><NextMarker/>"
               "</EnumerationResults>");
    else
        answer(c, "405 Method Not Allowed", "", "");
}

/* --------------------------------------------------------------- requests */

static bool is(const char *line, const char *name)
{
    return strncasecmp(line, name, strlen(name)) == 0;
}

static bool read_header(struct request *q, const char *line)
{
    if (is(line, "content-length:")) {
        q->length = strtoull(line + 15, NULL, 10);
    } else if (is(line, "transfer-encoding:")) {
        return false; /* no client here needs it */
    } else if (is(line, "expect:")) {
        q->expects = true;
    } else if (is(line, "x-ms-blob-type:")) {
        q->whole_blob = true;
    } else if (is(line, "x-ms-meta-")) {
        size_t n = strlen(q->meta);
        if (n + strlen(line) + 3 > sizeof q->meta)
            return false;
        snprintf(q->meta + n, sizeof q->meta - n, "%s\r\n", line);
    }
    return true;
}

/* `head` ends with its empty line, which is cut off. */
static bool read_request(struct request *q, char *head)
{
    char *line = head;

    memset(q, 0, sizeof *q);
    for (bool first = true; *line; first = false) {
        char *end = strstr(line, "\r\n");
        if (!end)
            return false;
        *end = '\0';
        if (first) {
            if (sscanf(line, "%7s %2047s HTTP/1.1", q->method, q->target) != 2)
                return false;
        } else if (!read_header(q, line)) {
            return false;
        }
        line = end + 2;
    }
    return true;
}

/* ------------------------------------------------------------ connections */

static void drop(struct conn *c)
{
    conns[c->fd] = NULL;
    SSL_free(c->ssl);
    close(c->fd);
    free(c);
}

/* Bytes; 0 when there are none now; -1 when the connection is over. */
static ssize_t take(struct conn *c, char *to, size_t n, bool only_discard)
{
    if (c->ssl) {
        int got = SSL_read(c->ssl, to, (int)n);
        if (got > 0)
            return got;
        int why = SSL_get_error(c->ssl, got);
        ERR_clear_error();
        return why == SSL_ERROR_WANT_READ ? 0 : -1;
    }
    /* With MSG_TRUNC the kernel drops TCP data instead of copying it. */
    ssize_t got = recv(c->fd, to, n, only_discard ? MSG_TRUNC : 0);
    if (got > 0)
        return got;
    return got < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -1;
}

static void watch(struct conn *c, bool write)
{
    struct epoll_event e = { .events = write ? EPOLLOUT : EPOLLIN,
                             .data.fd = c->fd };

    if (c->waits_to_write == write)
        return;
    c->waits_to_write = write;
    if (epoll_ctl(poller, EPOLL_CTL_MOD, c->fd, &e) < 0)
        die("epoll_ctl");
}

/* False when the connection is over. */
static bool give(struct conn *c)
{
    while (c->answered < c->answer_len) {
        const char *p = c->answer + c->answered;
        size_t n = c->answer_len - c->answered;
        ssize_t put;

        if (c->ssl) {
            put = SSL_write(c->ssl, p, (int)n);
            if (put <= 0) {
                int why = SSL_get_error(c->ssl, (int)put);
                watch(c, true);
                return why == SSL_ERROR_WANT_WRITE;
            }
        } else {
            put = send(c->fd, p, n, MSG_NOSIGNAL);
            if (put < 0) {
                watch(c, true);
                return errno == EAGAIN;
            }
        }
        c->answered += (size_t)put;
    }
    c->answer_len = c->answered = 0;
    watch(c, false);
    return true;
}

/* A whole head is in; false when it is none of ours. */
static bool begin_request(struct conn *c, char *end)
{
    size_t head = (size_t)(end - c->head) + 4;
    size_t rest = c->have - head;

    end[2] = '\0';
    if (!read_request(&c->q, c->head))
        return false;
    size_t body = rest < c->q.length ? rest : (size_t)c->q.length;
    c->left = c->q.length - body;
    c->have = rest - body;
    memmove(c->head, c->head + head + body, c->have);
    c->in_body = true;
    if (c->q.expects && c->left > 0) {
        static const char go[] = "HTTP/1.1 100 Continue\r\n\r\n";
        memcpy(c->answer, go, sizeof go - 1);
        c->answer_len = sizeof go - 1;
        return give(c);
    }
    return true;
}

static bool end_request(struct conn *c)
{
    c->in_body = false;
    answer_request(c);
    return give(c);
}

/* Take what is there; false when the connection is over. */
static bool serve(struct conn *c)
{
    for (;;) {
        ssize_t got;

        if (c->in_body && c->left == 0) {
            if (!end_request(c))
                return false;
            if (c->answer_len > 0)
                return true; /* go on when it is out */
        } else if (c->in_body) {
            size_t n =
                c->left < sizeof discard ? (size_t)c->left : sizeof discard;
            got = take(c, discard, n, true);
            if (got <= 0)
                return got == 0;
            c->left -= (uint64_t)got;
        } else {
            c->head[c->have] = '\0';
            char *end = strstr(c->head, "\r\n\r\n");
            if (end) {
                if (!begin_request(c, end))
                    return false;
                continue;
            }
            if (c->have == HEAD_MAX)
                return false;
            got = take(c, c->head + c->have, HEAD_MAX - c->have, false);
            if (got <= 0)
                return got == 0;
            c->have += (size_t)got;
        }
    }
}

static void welcome(int listener)
{
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    int one = 1;
    struct epoll_event e = { .events = EPOLLIN, .data.fd = fd };
    struct conn *c = fd < 0 ? NULL : calloc(1, sizeof *c);

    if (!c || fd >= FDS_MAX) {
        free(c);
        close(fd);
        return;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    c->fd = fd;
    if (tls) {
        c->ssl = SSL_new(tls);
        SSL_set_fd(c->ssl, fd);
        SSL_set_accept_state(c->ssl);
    }
    conns[fd] = c;
    if (epoll_ctl(poller, EPOLL_CTL_ADD, fd, &e) < 0)
        die("epoll_ctl");
}

static int listen_somewhere(void)
{
    struct sockaddr_in at = { .sin_family = AF_INET };
    socklen_t len = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct epoll_event e = { .events = EPOLLIN, .data.fd = fd };

    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    poller = epoll_create1(EPOLL_CLOEXEC);
    if (fd < 0 || poller < 0 || bind(fd, (struct sockaddr *)&at, len) < 0 ||
        listen(fd, 128) < 0 ||
        getsockname(fd, (struct sockaddr *)&at, &len) < 0 ||
        epoll_ctl(poller, EPOLL_CTL_ADD, fd, &e) < 0)
        die("listen");
    printf("listening %d\n", ntohs(at.sin_port));
    fflush(stdout);
    return fd;
}

static void open_tls(const char *cert, const char *key)
{
    tls = SSL_CTX_new(TLS_server_method());
    if (!tls || SSL_CTX_use_certificate_chain_file(tls, cert) != 1 ||
        SSL_CTX_use_PrivateKey_file(tls, key, SSL_FILETYPE_PEM) != 1) {
        ERR_print_errors_fp(stderr);
        exit(1);
    }
    SSL_CTX_set_mode(tls, SSL_MODE_ENABLE_PARTIAL_WRITE);
}

static void end(int signal)
{
    (void)signal;
    ended = 1;
}

/* Of user and system together. */
static void report(void)
{
    double cpu = (double)clock() / CLOCKS_PER_SEC;

    printf("requests %" PRIu64 " cpu %.3f\n", requests, cpu);
}

int main(int argc, char **argv)
{
    struct sigaction on_end = { .sa_handler = end };
    struct epoll_event ready[64];

    if (argc == 5 && strcmp(argv[1], "--cert") == 0 &&
        strcmp(argv[3], "--key") == 0) {
        open_tls(argv[2], argv[4]);
    } else if (argc != 1) {
        fprintf(stderr, "usage: sink [--cert FILE --key FILE]\n");
        return 2;
    }
    sigaction(SIGTERM, &on_end, NULL);
    sigaction(SIGINT, &on_end, NULL);
    signal(SIGPIPE, SIG_IGN);
    int listener = listen_somewhere();
    while (!ended) {
        int n = epoll_wait(poller, ready, 64, -1);
        for (int i = 0; i < n; i++) {
            struct conn *c = conns[ready[i].data.fd];
            if (!c) {
                welcome(listener);
                continue;
            }
            if (c->answer_len > 0 && !give(c))
                drop(c);
            else if (c->answer_len == 0 && !serve(c))
                drop(c);
        }
    }
    report();
    return 0;
}
