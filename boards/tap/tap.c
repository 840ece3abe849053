/* tap/tap.c: a tap device as the network interface, and the rest of what
 * port/lwip asks of a board, from Linux. For tests: see boards/tap/board.mk.
 *
 * The device (option tap=NAME) has to be there and up, with 10.0.2.2/24 at its
 * other side, which is what QEMU's user network shows too.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "boards/image.h"
#include "lwip/board.h"
#include "lwip/etharp.h"
#include "lwip/netif.h"
#include "netif/ethernet.h"

#define FRAME 1514u
#define PAD   ETH_PAD_SIZE

static int tap = -1;

static err_t send_frame(struct netif *n, struct pbuf *p)
{
    uint8_t frame[FRAME + PAD];
    (void)n;
    if (p->tot_len > sizeof frame)
        return ERR_IF;
    pbuf_copy_partial(p, frame, p->tot_len, 0);
    size_t len = p->tot_len - PAD;
    return write(tap, frame + PAD, len) == (ssize_t)len ? ERR_OK : ERR_MEM;
}

static err_t start_netif(struct netif *n)
{
    static const u8_t address[ETH_HWADDR_LEN] = { 0x02, 0, 0, 0, 0, 0x0f };
    memcpy(n->hwaddr, address, sizeof address);
    n->hwaddr_len = ETH_HWADDR_LEN;
    n->mtu = 1500;
    n->name[0] = 't';
    n->name[1] = 'p';
    n->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET |
               NETIF_FLAG_LINK_UP;
    n->output = etharp_output;
    n->linkoutput = send_frame;
    return ERR_OK;
}

static int open_tap(void)
{
    struct ifreq request = { .ifr_flags = IFF_TAP | IFF_NO_PI };
    int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return -1;
    if (!image_argument("tap", request.ifr_name, sizeof request.ifr_name))
        (void)strcpy(request.ifr_name, "tap0");
    if (ioctl(fd, TUNSETIFF, &request) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

int rn_board_netif(struct netif *n)
{
    ip4_addr_t address, mask, router;
    tap = open_tap();
    if (tap < 0)
        return RN_E_LINK;
    IP4_ADDR(&address, 10, 0, 2, 15);
    IP4_ADDR(&mask, 255, 255, 255, 0);
    IP4_ADDR(&router, 10, 0, 2, 2);
    if (netif_add(n, &address, &mask, &router, NULL, start_netif,
                  ethernet_input) == NULL)
        return RN_E_LINK;
    netif_set_up(n);
    return RN_OK;
}

void rn_board_poll(struct netif *n)
{
    uint8_t frame[FRAME + PAD];
    ssize_t len;
    while ((len = read(tap, frame + PAD, FRAME)) > 0) {
        struct pbuf *p =
            pbuf_alloc(PBUF_RAW, (u16_t)((size_t)len + PAD), PBUF_POOL);
        if (p == NULL)
            continue;
        memset(frame, 0, PAD);
        (void)pbuf_take(p, frame, (u16_t)((size_t)len + PAD));
        if (n->input(p, n) != ERR_OK)
            pbuf_free(p);
    }
}

void rn_board_sleep(int64_t until_ms)
{
    struct pollfd p = { .fd = tap, .events = POLLIN };
    int64_t left = until_ms - rn_board_mono();
    (void)poll(&p, 1, left < 0 ? 0 : left > 1000 ? 1000 : (int)left);
}

int64_t rn_board_mono(void)
{
    struct timespec t;
    RN_ASSERT(clock_gettime(CLOCK_MONOTONIC, &t) == 0);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t rn_board_wall(void)
{
    struct timespec t;
    char server[64];
    if (image_argument("time", server, sizeof server) ||
        clock_gettime(CLOCK_REALTIME, &t) != 0)
        return -1;
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int rn_board_entropy(void *buf, size_t len)
{
    uint8_t *p = buf;
    while (len > 0) {
        ssize_t got = getrandom(p, len, 0);
        if (got < 0 && errno != EINTR)
            return RN_E_STATE;
        if (got > 0) {
            p += got;
            len -= (size_t)got;
        }
    }
    return RN_OK;
}

bool rn_board_stop(void)
{
    return false;
}

void rn_board_log(const char *line, size_t len)
{
    (void)fwrite(line, 1, len, stdout);
    (void)fflush(stdout);
}

_Noreturn void rn_board_halt(const char *file, int line)
{
    (void)fprintf(stderr, "internal error at %s:%d\n", file, line);
    abort();
}

size_t rn_board_memory(void)
{
    return 64 * 1024; /* the host's affair, but never none */
}
